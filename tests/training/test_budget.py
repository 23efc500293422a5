from automl_magics.training.budget import Budget


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_time_passes_and_ends() -> None:
    clock = Clock()
    budget = Budget(10, clock=clock)
    clock.now += 4
    assert (budget.elapsed, budget.remaining, budget.expired) == (4.0, 6.0, False)
    clock.now += 7
    assert (budget.elapsed, budget.remaining, budget.expired) == (11.0, 0.0, True)


def test_the_reserve_is_not_for_training() -> None:
    clock = Clock()
    budget = Budget(10, reserve=3, clock=clock)
    clock.now += 6
    assert budget.remaining == 1.0
    clock.now += 1
    assert budget.expired


def test_the_ledger_adds_up_by_item_even_when_work_fails() -> None:
    clock = Clock()
    budget = Budget(10, clock=clock)
    with budget.spend("reading"):
        clock.now += 1
    try:
        with budget.spend("encoding"):
            clock.now += 2
            raise ValueError
    except ValueError:
        pass
    with budget.spend("reading"):
        clock.now += 3
    ledger = [(entry.item, entry.seconds) for entry in budget.ledger]
    assert ledger == [("reading", 4.0), ("encoding", 2.0)]


def test_a_slot_ends_by_time_by_the_budget_or_by_a_stop() -> None:
    clock = Clock()
    asked = False
    budget = Budget(10, clock=clock, stop=lambda: asked)
    slot = budget.slot(3)
    assert not slot.over
    clock.now += 3
    assert slot.over
    assert budget.slot(100).seconds == 7.0
    later = budget.slot(5)
    asked = True
    assert later.over
    assert later.stopped
    assert later.remaining == 5.0
