from IPython.core.interactiveshell import InteractiveShell

import automl_magics


def test_tab_completes_verbs_options_and_values():
    shell = InteractiveShell()
    automl_magics.load_ipython_extension(shell)

    def completed(line: str) -> list[str]:
        return shell.Completer.complete(text=None, line_buffer=line, cursor_pos=len(line))[1]

    assert completed("%automl tra") == ["train"]
    assert "--label" in completed("%automl train x.csv --la")
    assert completed("%automl train x.csv --preset ba") == ["balanced"]
    assert completed("%%automl train --preset fa") == ["fast"]
    assert "running" in completed("%automl jobs --status ru")
