"""Jobs: claimed under a lease, done once, taken over when a worker is late."""

import threading
from collections import Counter

import pytest

from tests.custodian.store.households import T0
from wattshare.custodian.model.work import Job
from wattshare.custodian.store.database import Store, Tx

LEASE = 60


def claim(tx: Tx, owner: str = "w1", at: int = T0) -> Job:
    job = tx.jobs.claim(owner, at, LEASE, ("make", "tell"))
    assert job is not None
    return job


def test_a_job_is_claimed_when_it_is_due(store: Store) -> None:
    with store.begin() as tx:
        tx.jobs.add("make", "b1", T0)
        assert tx.jobs.claim("w1", T0 - 1, LEASE, ("make",)) is None
        job = claim(tx)
        assert (job.kind, job.subject, job.due_at) == ("make", "b1", T0)
        assert (job.owner, job.lease_until, job.fence, job.attempts) == ("w1", T0 + LEASE, 1, 1)
        assert tx.jobs.claim("w2", T0 + LEASE - 1, LEASE, ("make",)) is None


def test_the_job_due_for_longest_comes_first(store: Store) -> None:
    with store.begin() as tx:
        for subject, due_at in (("b1", T0 - 1), ("b2", T0 - 5), ("b3", T0)):
            tx.jobs.add("make", subject, due_at)
        assert [claim(tx).subject for _ in range(3)] == ["b2", "b1", "b3"]


def test_a_worker_gets_the_kinds_that_it_knows(store: Store) -> None:
    with store.begin() as tx:
        tx.jobs.add("make", "b1", T0)
        assert tx.jobs.claim("w1", T0, LEASE, ("tell",)) is None
        assert tx.jobs.claim("w1", T0, LEASE, ()) is None


@pytest.mark.parametrize(("first", "second", "due_at"), [(5, 3, 3), (3, 5, 3)])
def test_the_same_job_waits_once_at_the_earlier_second(store: Store, first: int, second: int, due_at: int) -> None:
    with store.begin() as tx:
        tx.jobs.add("make", "b1", T0 + first)
        tx.jobs.add("make", "b1", T0 + second)
        tx.jobs.add("tell", "b1", T0 + 9)
        assert [job.due_at for job in tx.jobs.waiting()] == [T0 + due_at, T0 + 9]


def test_a_finished_job_is_gone_and_may_come_again(store: Store) -> None:
    with store.begin() as tx:
        tx.jobs.add("make", "b1", T0)
        first = claim(tx)
        assert tx.jobs.finish(first)
        assert tx.jobs.waiting() == ()
        assert not tx.jobs.finish(first)
        tx.jobs.add("make", "b1", T0)
        second = claim(tx)
        assert second.id > first.id
        assert not tx.jobs.finish(first)


def test_what_comes_up_while_somebody_is_at_it_is_done_afterwards(store: Store) -> None:
    with store.begin() as tx:
        tx.jobs.add("make", "b1", T0)
        job = claim(tx)
        tx.jobs.add("make", "b1", T0 + 2)
        assert tx.jobs.claim("w2", T0 + 3, LEASE, ("make",)) is None
        assert tx.jobs.finish(job)
        again = claim(tx, at=T0 + 3)
        assert (again.id, again.fence, again.attempts, again.due_at) == (job.id, 2, 1, T0 + 2)
        assert tx.jobs.finish(again)
        assert tx.jobs.waiting() == ()


def test_what_came_up_before_a_take_over_is_seen_by_who_takes_over(store: Store) -> None:
    with store.begin() as tx:
        tx.jobs.add("make", "b1", T0)
        claim(tx)
        tx.jobs.add("make", "b1", T0)
        assert tx.jobs.finish(claim(tx, "w2", T0 + LEASE))
        assert tx.jobs.waiting() == ()


def test_a_late_worker_can_say_nothing_any_more(store: Store) -> None:
    with store.begin() as tx:
        tx.jobs.add("make", "b1", T0)
        late = claim(tx, "w1")
        taken = claim(tx, "w2", T0 + LEASE)
        assert (taken.id, taken.fence, taken.attempts) == (late.id, 2, 2)
        assert not tx.jobs.finish(late)
        assert not tx.jobs.extend(late, T0 + 999)
        assert not tx.jobs.retry(late, T0, "late")
        assert not tx.jobs.bury(late, "late")
        assert tx.jobs.waiting() == (taken,)
        assert tx.jobs.finish(taken)


def test_what_a_worker_that_died_had_in_hand_is_free_at_once(store: Store) -> None:
    with store.begin() as tx:
        tx.jobs.add("make", "b1", T0)
        tx.jobs.add("make", "b2", T0)
        his, mine = claim(tx, "dead"), claim(tx, "alive")
        tx.jobs.release("dead")
        assert claim(tx, "next").subject == his.subject
        assert tx.jobs.claim("next", T0, LEASE, ("make",)) is None
        # should he not be dead, he has no say
        assert not tx.jobs.finish(his)
        assert tx.jobs.finish(mine)


def test_a_heartbeat_keeps_a_job(store: Store) -> None:
    with store.begin() as tx:
        tx.jobs.add("make", "b1", T0)
        job = claim(tx)
        assert tx.jobs.extend(job, T0 + 2 * LEASE)
        assert tx.jobs.claim("w2", T0 + LEASE, LEASE, ("make",)) is None
        assert tx.jobs.finish(job)


def test_a_retry_waits_and_counts(store: Store) -> None:
    with store.begin() as tx:
        tx.jobs.add("make", "b1", T0)
        job = claim(tx)
        assert tx.jobs.retry(job, T0 + 10, "broken")
        assert tx.jobs.claim("w2", T0 + 9, LEASE, ("make",)) is None
        again = claim(tx, "w2", T0 + 10)
        assert (again.attempts, again.last_error, again.owner) == (2, "broken", "w2")


def test_a_retry_without_an_error_counts_anew(store: Store) -> None:
    with store.begin() as tx:
        tx.jobs.add("tell", "n1", T0)
        assert tx.jobs.retry(claim(tx), T0 + 10, "broken")
        assert tx.jobs.retry(claim(tx, at=T0 + 10), T0 + 20, None)
        again = claim(tx, at=T0 + 20)
        assert (again.attempts, again.last_error) == (1, None)


def test_a_retry_is_not_later_than_what_came_up_meanwhile(store: Store) -> None:
    with store.begin() as tx:
        tx.jobs.add("make", "b1", T0)
        job = claim(tx)
        tx.jobs.add("make", "b1", T0 + 1)
        tx.jobs.retry(job, T0 + 1000, "broken")
        assert [job.due_at for job in tx.jobs.waiting()] == [T0 + 1]


def test_a_buried_job_waits_for_the_operator_or_a_new_cause(store: Store) -> None:
    with store.begin() as tx:
        tx.jobs.add("make", "b1", T0)
        assert tx.jobs.bury(claim(tx), "broken for good")
        assert tx.jobs.claim("w1", T0 + 10**6, LEASE, ("make",)) is None
        assert tx.jobs.waiting() == ()
        [dead] = tx.jobs.waiting(dead=True)
        assert (dead.dead, dead.last_error, dead.attempts) == (True, "broken for good", 1)
        tx.jobs.add("make", "b1", T0 + 5)
        revived = claim(tx, at=T0 + 5)
        assert (revived.id, revived.attempts, revived.dead) == (dead.id, 1, False)


def test_a_job_is_there_with_its_cause_or_not_at_all(store: Store) -> None:
    def fail() -> None:
        with store.begin() as tx:
            tx.jobs.add("make", "b1", T0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.read() as tx:
        assert tx.jobs.waiting() == ()


def test_two_workers_do_two_hundred_jobs_and_none_twice(store: Store) -> None:
    with store.begin() as tx:
        for number in range(200):
            tx.jobs.add("make", f"b{number}", T0)
    done: Counter[str] = Counter()
    faults: list[BaseException] = []

    def work(owner: str) -> None:
        try:
            while True:
                with store.begin() as tx:
                    job = tx.jobs.claim(owner, T0, LEASE, ("make",))
                if job is None:
                    return
                done[job.subject] += 1
                with store.begin() as tx:
                    assert tx.jobs.finish(job)
        except BaseException as fault:  # a thread's fault is shown by the test
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("w1", "w2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert done == {f"b{number}": 1 for number in range(200)}


def test_what_is_done_one_at_a_time_is_done_in_order_by_any_number_of_workers(store: Store) -> None:
    with store.begin() as tx:
        for number in range(30):
            tx.jobs.add("take", f"f{number}", T0)
        tx.jobs.add("make", "b1", T0)
    in_hand, most, done = set[str](), [0], list[str]()
    faults: list[BaseException] = []

    def work(owner: str) -> None:
        try:
            while len(done) < 30:
                with store.begin() as tx:
                    job = tx.jobs.claim(owner, T0, LEASE, ("take",), one_at_a_time=True)
                if job is None:
                    continue
                in_hand.add(job.subject)
                most[0] = max(most[0], len(in_hand))
                done.append(job.subject)
                in_hand.discard(job.subject)
                with store.begin() as tx:
                    assert tx.jobs.finish(job)
        except BaseException as fault:  # a thread's fault is shown by the test
            faults.append(fault)
            done.extend([""] * 30)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("w1", "w2", "w3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert most == [1]
    assert done == [f"f{number}" for number in range(30)]


def test_one_at_a_time_goes_on_when_the_lease_of_who_died_is_over(store: Store) -> None:
    with store.begin() as tx:
        for number in range(2):
            tx.jobs.add("take", f"f{number}", T0)
        first = tx.jobs.claim("w1", T0, LEASE, ("take",), one_at_a_time=True)
        assert first is not None
        assert tx.jobs.claim("w2", T0 + LEASE - 1, LEASE, ("take",), one_at_a_time=True) is None
        again = tx.jobs.claim("w2", T0 + LEASE, LEASE, ("take",), one_at_a_time=True)
        assert (again and again.subject) == first.subject
