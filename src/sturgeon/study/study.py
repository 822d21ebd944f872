"""A study: what is tuned, every trial of it, and the way to work on it by hand.

It is long because it is the public face: one short method for each thing that can be done, with its
docstring; the logic sits in the files beside it.
"""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Never, TypeVar

from sturgeon.errors import StudyError
from sturgeon.search.base import Search
from sturgeon.search.old_record import PRIOR
from sturgeon.search.population.lineage import Stretch, lineage
from sturgeon.search.record import Record
from sturgeon.space import Config, Space
from sturgeon.space.base import is_integer
from sturgeon.space.config import is_structure
from sturgeon.space.constraint import Expression
from sturgeon.study.asking.trial_allocator import Request, TrialAllocator
from sturgeon.study.best_trials import best_trial, best_trials, top_numbers
from sturgeon.study.copies import add_copies
from sturgeon.study.earlier.continuing import trials_in
from sturgeon.study.journal import Journal
from sturgeon.study.known_trials import KnownTrial, add_trials
from sturgeon.study.leases import LeaseKeeper, Leases
from sturgeon.study.objectives import Direction, Objective, goals_of
from sturgeon.study.record_cache import RecordCache
from sturgeon.study.running_trials import RunningTrials
from sturgeon.study.saved_space import check_whole_space, read_space
from sturgeon.study.storage import (
    Store,
    create_store,
    describe_study,
    open_or_create_store,
    open_store,
    store_exists,
    study_names,
)
from sturgeon.study.trial import (
    Attempt,
    Trial,
    TrialError,
    TrialRecord,
    TrialState,
    check_metrics,
    not_named,
    number_of,
)
from sturgeon.views import view_of

if TYPE_CHECKING:
    import pandas as pd

    from sturgeon.search.population.training import Exploit
    from sturgeon.study.importance import Importance, Method

_log = logging.getLogger("sturgeon")

SEARCH_CHANGED = "search"
"""The kind of a journal's entry that says that another search went on."""

AnyTrial = TypeVar("AnyTrial", Trial, TrialRecord)


class Study:
    """The durable record of a search: one SQLite file, or one PostgreSQL URL.

    When a method returns, what it wrote is kept, also if the process is killed the next moment.
    Results, checkpoints, notes and what is queued survive a power cut too; of the trials that run, a
    power cut can take the last points. A study may be used by many threads of a process, and by many
    processes at once, each with a handle of its own.

    A trial that was asked for through this handle may be given by its number, too. Whatever is written of a
    running trial raises ``LeaseLost`` where it belongs to somebody else by now, or has ended.

    Example:
        >>> from sturgeon.space import Real, Space
        >>> space = Space(learning_rate=Real(1e-4, 1.0, scale="log"))
        >>> with Study.create(":memory:", space, minimize="val_loss", seed=0) as study:
        ...     for trial in study.ask(2):
        ...         study.report(trial, step=1, val_loss=0.9)
        ...         state = study.tell(trial, val_loss=trial.number + 0.5)
        ...     study.best.number, study.best.value
        (0, 0.5)
    """

    def __init__(
        self,
        store: Store,
        *,
        leases: Leases | None,
        constraint: Any = None,
        space: Space | None = None,
        search: Search | None = None,
    ) -> None:
        """Take a study that was found; use ``Study.create`` or ``Study.open``."""
        self.name = store.name
        self.seed = store.description.seed
        self.objectives: tuple[Objective, ...] = store.description.objectives
        self.about: dict[str, Any] = store.description.about
        self.leases = leases or Leases()
        self._space = space
        self._search = search
        self._constraint = constraint
        self._store = store
        self._record_cache = RecordCache(store, self.objectives[0])
        keeper = LeaseKeeper(store, self.leases)
        self._running = RunningTrials(store, self._record_cache, keeper, self.objectives)
        self._allocator = TrialAllocator(store, self._record_cache, self._running, self.leases)
        self._shut = weakref.finalize(self, _shut, store, keeper, os.getpid())

    @classmethod
    def create(
        cls,
        where: str | os.PathLike[str],
        space: Space,
        *,
        minimize: str | Sequence[str] | None = None,
        maximize: str | Sequence[str] | None = None,
        search: Search | None = None,
        seed: int = 0,
        about: Mapping[str, Any] | None = None,
        leases: Leases | None = None,
    ) -> Study:
        """Make a new study.

        Args:
            where: A file such as ``"wine.study"``, ``":memory:"``, or
                ``"postgresql://user:password@host/database?study=wine"``.
            space: What may vary.
            minimize: The metric, or metrics, to be minimised.
            maximize: The metric, or metrics, to be maximised.
            search: What suggests configurations; by default coarse to fine.
            seed: Where all randomness starts, in [0, 2**63).
            about: Anything else to keep with the study, as plain JSON.
            leases: How long a trial stays with its worker, and how often it is tried.

        Raises:
            StudyError: It exists already, no objective is named, the seed is no whole number in its
                range, or it cannot be made there.
        """
        description, search = describe_study(space, minimize, maximize, search, seed, about)
        return cls(create_store(where, description), leases=leases, space=space, search=search)

    @classmethod
    def open(
        cls,
        where: str | os.PathLike[str],
        *,
        constraint: Any = None,
        search: Search | None = None,
        leases: Leases | None = None,
    ) -> Study:
        """Open a study that exists. Nothing in it is run, so a stranger's study is safe to open.

        Args:
            where: A file or a PostgreSQL URL, as for ``create``.
            constraint: The space's constraint, if it was a function: a function is not kept. It
                is needed to ask or enqueue, not to read.
            search: The search, if it is one of your own: only Sturgeon's are found by name.
            leases: How long a trial stays with its worker, and how often it is tried.

        Raises:
            StudyError: It is missing, not a study, damaged, or from a newer Sturgeon.
        """
        return cls(open_store(where), leases=leases, constraint=constraint, search=search)

    @classmethod
    def open_or_create(
        cls,
        where: str | os.PathLike[str],
        space: Space,
        *,
        minimize: str | Sequence[str] | None = None,
        maximize: str | Sequence[str] | None = None,
        search: Search | None = None,
        seed: int = 0,
        about: Mapping[str, Any] | None = None,
        leases: Leases | None = None,
    ) -> Study:
        """Open a study, or make it where there is none; many processes may do so at the same moment.

        One that exists stays as it was begun: compare ``space``, ``objectives``, ``search``, ``seed`` and
        ``about`` where they matter. The arguments are those of ``create``; a constraint or a search of your
        own, which a study does not keep, is taken from them in either case.

        Raises:
            StudyError: It can be neither opened nor made.
            SpaceError: The space has a constraint that is a function, and the study has none.

        Example:
            >>> from sturgeon.space import Real, Space
            >>> space = Space(learning_rate=Real(1e-4, 1.0, scale="log"))
            >>> with Study.open_or_create(":memory:", space, minimize="val_loss") as study:
            ...     study.metric
            'val_loss'
        """
        from sturgeon.search import SEARCHES

        description, search = describe_study(space, minimize, maximize, search, seed, about)
        constraint = None if isinstance(space.constraint, Expression) else space.constraint
        store = open_or_create_store(where, description)
        own = search if search.name not in SEARCHES else None
        return cls(store, leases=leases, constraint=constraint, search=own)

    @staticmethod
    def exists(where: str | os.PathLike[str]) -> bool:
        """Whether something is there already: a file, or a study of that name on a server that answers.

        Args:
            where: A file or a PostgreSQL URL, as for ``create``.
        """
        return store_exists(where)

    @staticmethod
    def names(url: str) -> list[str]:
        """The names of the studies in a PostgreSQL database, the oldest first.

        Args:
            url: ``"postgresql://user:password@host/database"``; each is opened by ``&study=NAME`` or
                ``?study=NAME`` behind it.

        Raises:
            StudyError: It cannot be reached.
        """
        return study_names(url)

    @classmethod
    def from_optuna(
        cls, storage: Any, name: str | None = None, *, to: str | os.PathLike[str] = ":memory:"
    ) -> Study:
        """Make a study of what Optuna knows; needs the extra ``optuna``.

        Args:
            storage: An Optuna storage, its URL, or an Optuna study.
            name: The study's name there.
            to: Where the new study is kept.

        Raises:
            MissingExtra: Optuna is not installed.
            StudyError: There is no such study, or it holds nothing to make a space of.
        """
        from sturgeon.study.optuna import read_optuna

        found = read_optuna(storage, name)
        goals = goals_of(found.objectives)
        study = cls.create(to, found.space, **goals, seed=found.seed, about=found.about)
        if found.trials:
            add_trials(study._store, found.space, study.objectives, found.trials)
        return study

    def continue_in(
        self,
        space: Space,
        *,
        to: str | os.PathLike[str] = ":memory:",
        search: Search | None = None,
        seed: int | None = None,
    ) -> Study:
        """Begin a study in another space with the trials of this one that fit there.

        Ranges may be wider or narrower, hyperparameters added or removed. A trial takes the default of a
        hyperparameter that it had no value of, and goes on without a value that the space has no name for:
        keep the name, as a ``Constant``, to take over only the trials that had this value. Trials that have
        ended come with their values, curves and notes; those that wait or were put aside wait again; those
        that run are left out. This study stays as it is.

        Args:
            space: What may vary from now on.
            to: Where the new study is kept.
            search: What suggests configurations there; by default this study's search.
            seed: Its seed; by default this study's.

        Returns:
            The new study, with the objectives of this one. ``about["continued"]`` of a trial says which one
            it was.

        Raises:
            StudyError: There is something at that place already.

        Example:
            >>> from sturgeon.space import Integer, Real, Space
            >>> old = Study.create(":memory:", Space(layers=Integer(2, 4)), minimize="loss")
            >>> numbers = [old.add({"layers": layers}, {"loss": 1 / layers}) for layers in (2, 3, 4)]
            >>> wider = Space(layers=Integer(3, 9), dropout=Real(0, 0.5, default=0.0))
            >>> [trial.config for trial in old.continue_in(wider).trials]
            [{'layers': 3, 'dropout': 0.0}, {'layers': 4, 'dropout': 0.0}]
        """
        continued = trials_in(check_whole_space(space), self.space, self.trials, place=self.place)
        about = {name: value for name, value in self.about.items() if name != PRIOR}  # it is of this space
        study = Study.create(
            to,
            space,
            **goals_of(self.objectives),
            search=self.search if search is None else search,
            seed=self.seed if seed is None else seed,
            about={**about, "continued": self.place},
        )
        if continued.trials:
            add_trials(study._store, space, study.objectives, continued.trials)
        _log.info("%s", continued)
        if continued.left_out:
            _log.warning("%s", continued)
        return study

    def to_optuna(self, storage: Any = None, name: str | None = None) -> Any:
        """Write everything into a new Optuna study; needs the extra ``optuna``.

        Args:
            storage: An Optuna storage or its URL; None for memory.
            name: The name there; by default this study's.

        Returns:
            The ``optuna.Study``.

        Raises:
            MissingExtra: Optuna is not installed.
            StudyError: There is a study of that name already.
        """
        from sturgeon.study.optuna import write_optuna

        return write_optuna(self._store.description, self.trials, storage, name or self.name)

    # -- what it is ------------------------------------------------------------------------------

    @property
    def space(self) -> Space:
        """What may vary.

        A constraint that is a function and was not given to ``open`` is there by its name only: nothing
        that needs its judgement works.

        Raises:
            SpaceError: A constraint was given to ``open``, and the space has none that is a function.
        """
        if self._space is None:
            self._space = read_space(self._store.description.space, self._constraint)
        return self._space

    @property
    def search(self) -> Search:
        """What suggests configurations: what the study was begun with, or the search that went on last."""
        if self._search is None:
            from sturgeon.search import search_from_json

            changes = self.journal.read(kind=SEARCH_CHANGED)
            kept = changes[-1].body["to"] if changes else self._store.description.search
            self._search = search_from_json(dict(kept))
        return self._search

    def change_search(self, search: Search) -> None:
        """Have another search suggest configurations from now on; it learns from all trials that there are.

        The journal keeps the change.
        """
        from sturgeon.search import check_search, search_to_json

        check_search(search)
        if search != self.search:
            body = {"from": search_to_json(self.search), "to": search_to_json(search)}
            self.journal.write(SEARCH_CHANGED, body)
        self._search = search

    @property
    def place(self) -> str:
        """Where it is kept: the path, or the URL without its password."""
        return self._store.place

    @property
    def metric(self) -> str:
        """The name of the (first) objective."""
        return self.objectives[0].metric

    @property
    def direction(self) -> Direction:
        """Whether the (first) objective is minimised or maximised."""
        return self.objectives[0].direction

    # -- working on it ---------------------------------------------------------------------------

    def ask(
        self,
        count: int = 1,
        *,
        paused: bool = True,
        search: Search | None = None,
        at_most: int | None = None,
        unsettled: Collection[int] = (),
    ) -> list[Trial]:
        """Hand out trials: first those that wait, were paused or lost their worker, then new ones.

        Within a ``batch``, what it holds so far is written first: the search has to see it.

        Args:
            count: How many, at least 1; fewer are given where there are no more.
            paused: Whether paused trials may be among them. A loop whose stopping rule pauses trials says
                False, and takes back those it wants by ``resume``.
            search: What suggests; by default the study's own search.
            at_most: How many trials the study may have in all, without those that still wait: none is begun
                beyond that, however many processes ask at once. Trials that were begun before, as paused or
                lost ones, are given in any case. None for no bound.
            unsettled: Trials that the search is shown as running, without results, whatever came of them: a
                loop whose workers differ in speed leaves out what only happened to end early.

        Returns:
            The trials, which belong to this handle until they end.

        Raises:
            SpaceExhausted: Nothing is left.
            SpaceError: The space's constraint is a function and was not given to ``open``.
        """
        if not is_integer(count) or count < 1:
            raise StudyError(f"`ask` needs a whole number from 1; got count={count!r}: study.ask(4).")
        self._running.writer.flush()
        space = check_whole_space(self.space)
        request = Request(count, space, search or self.search, paused, at_most, unsettled)
        return [self._as_given(trial) for trial in self._allocator.ask(request)]

    def resume(self, number: Trial | int, /, *, at_step: int | None = None) -> Trial:
        """Hand out one paused trial, as a new attempt with the same seed.

        Args:
            number: Which one.
            at_step: The last step it had reported when it was chosen, -1 for none: it is handed out only if
                nobody has trained it further since. By default wherever it is.

        Returns:
            The trial, which belongs to this handle until it ends.

        Raises:
            LeaseLost: It is not paused, or further on, perhaps because somebody else was faster.
            StudyError: There is no such trial.

        Example:
            >>> from sturgeon.space import Integer, Space
            >>> with Study.create(":memory:", Space(layers=Integer(2, 4)), minimize="loss") as study:
            ...     for trial in study.ask(2):
            ...         study.pause(trial)
            ...     again = study.resume(1)
            ...     again.number, again.attempt
            (1, 2)
        """
        self._running.writer.flush()
        return self._as_given(self._allocator.resume(number_of(number), at_step))

    def report(self, trial: Trial | int, /, step: int, *unnamed: Never, **metrics: float) -> None:
        """Write down points of a trial's curves: values by name at a step (an epoch, say), from 0.

        A step reported again replaces the earlier value. NaN and infinities are kept, since a diverging
        training is a fact; the search is not shown them.
        """
        if unnamed:
            raise not_named("report(trial, step=1", unnamed[0], self.metric)
        self._running.report(trial, step, metrics)

    def tell(self, trial: Trial | int, /, *unnamed: Never, **metrics: float) -> TrialState:
        """End a trial with its result: final values by name, every objective among them.

        Returns:
            ``"complete"``; or ``"failed"`` where an objective is NaN or infinite, which the
            trial's error then says.

        Raises:
            StudyError: An objective is missing, or a value has no name.
        """
        if unnamed:
            raise not_named("tell(trial", unnamed[0], self.metric)
        return self._running.tell(trial, metrics)

    def fail(self, trial: Trial | int, why: str | BaseException | TrialError, /, **metrics: float) -> None:
        """End a trial that failed, with the final values that there are.

        ``why`` is a message, or the exception, whose type and traceback are kept.
        """
        given = check_metrics(metrics, "fail")
        self._running.end(trial, "failed", given, error=TrialError.of(why))

    def stop(self, trial: Trial | int, /, reason: str = "", **metrics: float) -> None:
        """End a trial early. Its values are those given, else what it reported last."""
        given = check_metrics(metrics, "stop")
        self._running.end(trial, "stopped", given, reason=reason)

    def pause(self, trial: Trial | int, /) -> None:
        """Put a running trial aside; it will be asked again, as a new attempt with the same seed."""
        self._running.pause(trial)

    def retry(self, trial: Trial | int, why: str, /, *, attempts: int | None = None) -> TrialState:
        """Give up an attempt that its worker did not survive, and have the trial tried again.

        Args:
            trial: The trial.
            why: What happened to the worker.
            attempts: How many attempts there are in all; by default those of ``leases``.

        Returns:
            ``"waiting"``; or ``"failed"`` where that many attempts were lost.
        """
        allowed = self.leases.attempts if attempts is None else attempts
        return self._running.retry(trial, why, attempts=allowed)

    def checkpoint(
        self, trial: Trial | int, reference: str | os.PathLike[str], /, step: int | None = None
    ) -> None:
        """Keep where a running trial can go on: the next attempt gets it as ``resume_from``.

        ``reference`` is a path or URI of what was saved at ``step``; the study does not look at it.
        """
        self._running.checkpoint(trial, reference, step)

    def batch(self) -> AbstractContextManager[None]:
        """Write all that this thread reports, tells, … in the block in one transaction, at its end.

        Only then is it acknowledged. If the block raises, nothing of it is written. If a trial in it is
        not ours any more, everything else is written and then LeaseLost is raised.

        Example:
            >>> from sturgeon.space import Integer, Space
            >>> with Study.create(":memory:", Space(layers=Integer(2, 4)), minimize="loss") as study:
            ...     trials = study.ask(2)
            ...     with study.batch():
            ...         for trial in trials:
            ...             study.report(trial, step=1, loss=0.5)
            ...     [trial.curves["loss"] for trial in study.trials]
            [[(1, 0.5)], [(1, 0.5)]]
        """
        return self._running.writer.batch()

    # -- adding to it ----------------------------------------------------------------------------

    def enqueue(self, config: Config, *, note: str | None = None, tags: Sequence[str] = ()) -> int:
        """Have a configuration tried next.

        Args:
            config: A configuration of the space.
            note: A remark on the trial.
            tags: Labels of the trial.

        Returns:
            The trial's number.

        Raises:
            SpaceError: It is not in the space, or the space's constraint was not given to ``open``.
        """
        notes = [note] if note else []
        return self._add(KnownTrial(config, state="waiting", notes=notes, tags=tags))

    def add(
        self,
        config: Config,
        metrics: Mapping[str, float] | None = None,
        *,
        state: TrialState = "complete",
        curves: Mapping[str, Sequence[tuple[int, float]]] | None = None,
        **details: Any,
    ) -> int:
        """Add a trial that one already knows.

        Args:
            config: A configuration of the space.
            metrics: Final values by name; for a complete trial every objective must be among them.
            state: Where it stands; not ``"running"``.
            curves: Pairs ``(step, value)`` by metric.
            **details: Any of ``error``, ``reason``, ``notes``, ``tags``, ``about``, ``started``,
                ``ended`` and ``checkpoint``, as in ``TrialRecord``.

        Returns:
            The trial's number.

        Raises:
            SpaceError: The configuration is not in the space, or the space's constraint was not given to
                ``open``.
            StudyError: Something else breaks a rule.

        Example:
            >>> from sturgeon.space import Integer, Space
            >>> with Study.create(":memory:", Space(layers=Integer(2, 4)), minimize="loss") as study:
            ...     number = study.add({"layers": 3}, {"loss": 0.2}, notes=["from the paper"])
            ...     study.best.notes
            ('from the paper',)
        """
        return self._add(KnownTrial(config, metrics or {}, state, curves or {}, **details))

    def _add(self, known: KnownTrial) -> int:
        self._running.writer.flush()
        return add_trials(self._store, check_whole_space(self.space), self.objectives, [known])[0]

    def copy_trials(self, copies: Sequence[Exploit], checkpoints: Mapping[int, str]) -> list[int]:
        """Add trials that begin where others are, put aside until ``resume`` takes them.

        Each has its parent's curves up to the parent's checkpoint; ``about["copied"]`` and a note say whose
        copy it is. Of several processes that copy after the same generation, one does.

        Args:
            copies: As ``PopulationBasedTraining.exploit`` chose them.
            checkpoints: For each parent, where its checkpoint is kept for them.

        Returns:
            The trials' numbers; none where another process was faster.
        """
        self._running.writer.flush()
        parents = {one.parent: self.trial(one.parent) for one in copies}
        return add_copies(self._store, self.space, self._record_cache, copies, parents, checkpoints)

    def delete(self, number: Trial | int, /) -> None:
        """Remove a trial that does not run, with its curves: a broken one, say, that misleads the search.

        Its number is not given again, and its configuration may be tried again. The journal keeps that it was
        deleted; its checkpoints stay where they are.

        Raises:
            StudyError: There is no such trial, or it is running.

        Example:
            >>> from sturgeon.space import Integer, Space
            >>> with Study.create(":memory:", Space(layers=Integer(2, 4)), minimize="loss") as study:
            ...     numbers = [study.add({"layers": n}, {"loss": n / 10}) for n in (2, 3)]
            ...     study.delete(0)
            ...     study.best.number, [trial.number for trial in study.trials], study.ask(1)[0].number
            (1, [1], 2)
        """
        self._running.writer.flush()
        self._store.write(lambda connection: self._store.delete(connection, number_of(number)))

    def note(self, trial: Trial | int, text: str, /) -> None:
        """Make a remark on a trial, in any state."""
        self._running.annotate(trial, notes=[text])

    def tag(self, trial: Trial | int, /, *tags: str) -> None:
        """Put labels on a trial, in any state."""
        self._running.annotate(trial, tags=tags)

    @property
    def journal(self) -> Journal:
        """What people and programs wrote down beside the trials, or asked of those who run the study."""
        return Journal(self._store)

    # -- reading it ------------------------------------------------------------------------------

    @property
    def trials(self) -> list[TrialRecord]:
        """Every trial, by number, with its curves."""
        return [self._as_given(one) for one in self._store.read(self._store.reader.records)]

    @property
    def outcomes(self) -> list[TrialRecord]:
        """Number, configuration, state and value of every trial, by number, and nothing else of it.

        It takes a tenth of the time of ``trials`` where there are curves.
        """
        return [self._as_given(TrialRecord(*one)) for one in self._store.read(self._store.reader.outcomes)]

    def trial(self, number: int | Trial, /) -> TrialRecord:
        """One trial; StudyError where there is none of that number."""
        found = self._store.read(lambda connection: self._store.reader.record(connection, number_of(number)))
        return self._as_given(found)

    def attempts(self, number: int | Trial, /) -> list[Attempt]:
        """Every attempt at one trial, in order."""
        return self._store.read(lambda connection: self._store.reader.attempts(connection, number_of(number)))

    def counts(self) -> dict[TrialState, int]:
        """How many trials there are in each of the six states."""
        return self._store.read(self._store.reader.counts)

    @property
    def best(self) -> TrialRecord:
        """The trial with the best value, complete or stopped early; the first of equals.

        Raises:
            StudyError: No trial has a value yet, or there are several objectives.
        """
        return self._as_given(best_trial(self._store, self.objectives))

    def top(self, count: int) -> list[TrialRecord]:
        """The best trials, the best first; fewer where not so many have a value.

        Raises:
            StudyError: There are several objectives, for which see ``best_trials``; or ``count`` is no whole
                number from 1.
        """
        if not is_integer(count) or count < 1:
            raise StudyError(f"`top` needs a whole number from 1; got count={count!r}: study.top(5).")
        return [self.trial(number) for number in top_numbers(self.record, self.objectives, count)]

    def lineage(self, number: int | Trial, /) -> tuple[Stretch, ...]:
        """The schedule that led to a trial of ``PopulationBasedTraining``: who trained which steps, and how.

        Returns:
            Its stretches, the first one first: ``trial``, ``first``, ``last`` (steps) and ``config``; one
            stretch for a trial that is no copy.

        Example:
            >>> from sturgeon.space import Integer, Space
            >>> with Study.create(":memory:", Space(layers=Integer(2, 4)), minimize="loss") as study:
            ...     number = study.add({"layers": 3}, {"loss": 0.2}, curves={"loss": [(1, 0.3), (2, 0.2)]})
            ...     study.lineage(number)
            (Stretch(trial=0, first=1, last=2, config={'layers': 3}),)
        """
        return lineage(number_of(number), self.trial)

    @property
    def best_trials(self) -> list[TrialRecord]:
        """The trials that no other beats: no worse in every objective and better in one."""
        return [self._as_given(one) for one in best_trials(self._store, self.objectives)]

    @property
    def record(self) -> Record:
        """What a search sees: values to be minimised. Read it; do not keep it while others ask."""
        return self._record_cache.current()

    def frame(self) -> pd.DataFrame:
        """Give the trials as a table, a row each; ``to_parquet`` and ``to_csv`` work on it.

        Returns:
            Columns ``number``, ``state``, ``value``, then ``config_*`` and ``metric_*``, then
            ``attempts``, ``seconds``, ``started``, ``ended``, ``error``, ``reason``, ``notes`` and
            ``tags``. A hyperparameter whose values are of several types becomes text.
        """
        return self._store.reader.frame()

    def importance(self, method: Method = "ped-anova") -> Importance:
        """How much each hyperparameter mattered for the (first) objective, beside its priority.

        It is that in the whole space, wherever the search looked; see ``sturgeon.study.importance``. Print it
        for a table.

        Args:
            method: ``"ped-anova"``: what decides whether a configuration is among the best tenth;
                ``"fanova"``: what explains the variance of the value.

        Returns:
            ``shares`` (``name``, ``share``, ``priority``, and from ``low`` to ``high`` the 90 % interval of
            the share; what mattered most first), the rank
            ``correlation`` with the priorities, and a ``verdict``: did the notes' order hold here? Fewer
            than 16 trials with a value give no shares, and the verdict says so.
        """
        from sturgeon.study.importance import measure_importance

        return measure_importance(self.space, self.outcomes, self.objectives[0].sign, method)

    @property
    def plot(self) -> Any:
        """Its pictures: ``study.plot()`` is an overview, ``study.plot.slice()`` one of them.

        ``dir(study.plot)`` lists all; each gives a Plotly figure (see ``sturgeon.figures``).
        """
        return view_of("study.plot", self)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return view_of("study.html", self)

    def _as_given(self, trial: AnyTrial) -> AnyTrial:
        """Give a trial with tuples where the space has tuples: JSON knows lists only."""
        if not any(map(is_structure, trial.config.values())):
            return trial
        return replace(trial, config=self.space.as_given(trial.config))

    # -- ending ----------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._store.closed

    def close(self) -> None:
        """Close the handle; its running trials may then be asked by others at once."""
        self._shut()

    def __enter__(self) -> Study:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        goals = ", ".join(f"{one.direction} {one.metric}" for one in self.objectives)
        return f"Study({self.place!r}, {goals}{', closed' if self.closed else ''})"


def _shut(store: Store, keeper: LeaseKeeper, process: int) -> None:
    """Give up the leases and close. In a forked child the handle is the parent's: nothing is done."""
    if os.getpid() != process:
        return
    started = keeper.started
    keeper.stop()
    try:
        if started and not store.closed:
            store.renew(0.0)
    except Exception:  # the leases then end by themselves
        _log.debug("leases could not be given up", exc_info=True)
    finally:
        store.close()
