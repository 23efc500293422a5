"""Floor 3: the crew that turns source tables into a proposal for a training table.

Four agents with one job each: the profiler (`profile`, `joins`), the designer (`design`, `ranking`
or a language model in `llm`), the SQL author (`author`) and the validator (`validate`). `crew` has
them work together; everything they run is caged (`cage`, `expressions`).
"""
