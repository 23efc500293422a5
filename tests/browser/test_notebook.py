"""A person at work in JupyterLab: by mouse and keyboard, in a real browser."""


def test_the_magic_answers_in_jupyterlab(lab_page):
    lab_page.open("%load_ext automl_magics", "%automl")
    lab_page.run(0)
    shown = lab_page.run(1)
    assert "the Jupyter server at" in shown.inner_text()
    assert "%automl train data.csv --label COLUMN" in shown.inner_text()
