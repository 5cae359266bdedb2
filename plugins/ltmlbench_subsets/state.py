"""A partition of few labels with all sums that the gain of a move is made of."""

from __future__ import annotations

import copy

import numpy as np

from ltmlbench.plugin import Floats
from ltmlbench_subsets.objective import Assignment, Objective, Sizes

_GAIN = 1e-12  # what counts as better, beyond rounding


class State:
    """A partition that moves to lower J; one move costs a few vector operations of length C.

    Attributes:
        met: K×C, co-occurrences of each label with each block.
        dots: K×C, dot products of each label's point with the sum of each block's.
        costs: K×C, what a label adds to a block, or would add if it entered.
    """

    def __init__(
        self, objective: Objective, assignment: Assignment, n_blocks: int, sizes: Sizes
    ) -> None:
        self.objective, self.limits = objective, sizes
        self.home = assignment.copy()
        self.at = np.arange(len(assignment))
        onehot = np.zeros((n_blocks, len(assignment)))
        onehot[self.home, self.at] = 1.0
        self.sizes = onehot.sum(axis=1)
        self.met: Floats = onehot @ objective.meeting
        self.dots: Floats = onehot @ objective.products
        self.norms: Floats = (self.dots * onehot).sum(axis=1)  # ‖Σ z‖² per block
        self.own: Floats = np.diag(objective.products).copy()
        self.costs: Floats = np.empty_like(self.met)
        for k in range(n_blocks):
            self._weigh(k)

    def copy(self) -> State:
        twin = copy.copy(self)
        for name in ("home", "sizes", "met", "dots", "norms", "costs"):
            setattr(twin, name, getattr(self, name).copy())
        return twin

    @property
    def value(self) -> float:
        """J."""
        met = self.met[self.home, self.at].sum() / 2
        return float(met + self.own.sum() - (self.norms / self.sizes).sum())

    def _weigh(self, k: int) -> None:
        size = self.sizes[k]  # 0 for a moment where two labels change places
        some = max(size, 1.0)
        distance = self.own - (2 / some) * self.dots[k] + self.norms[k] / some**2
        inside = self.home == k
        factor = np.where(inside, size / max(size - 1, 1), size / (size + 1))
        self.costs[k] = self.met[k] + factor * distance

    def move(self, c: int, k: int) -> None:
        """Label ``c`` moves to block ``k``, which is not its own."""
        h = int(self.home[c])
        self.home[c] = k
        near, row = self.objective.meeting[c], self.objective.products[c]
        self.norms[h] += self.own[c] - 2 * self.dots[h, c]
        self.norms[k] += self.own[c] + 2 * self.dots[k, c]
        for block, sign in ((h, -1.0), (k, 1.0)):
            self.sizes[block] += sign
            self.met[block] += sign * near
            self.dots[block] += sign * row
            self._weigh(block)

    def may_leave(self, c: int) -> bool:
        return bool(self.sizes[self.home[c]] > self.limits.least)

    def may_enter(self, k: int) -> bool:
        return bool(self.sizes[k] < self.limits.most)

    def descend(self) -> None:
        """The best move, and where none is left and sizes stand in the way the best swap, until
        none is left either."""
        tight = self.limits.least > 1 or self.limits.most < len(self.home)
        while self._best_move() or (tight and self._best_swap()):
            pass

    def _best_move(self) -> bool:
        changes = self.costs - self.costs[self.home, self.at]
        changes[self.home, self.at] = np.inf
        changes[:, (self.sizes <= self.limits.least)[self.home]] = np.inf
        changes[self.sizes >= self.limits.most] = np.inf
        k, c = divmod(int(changes.argmin()), len(self.home))
        if changes[k, c] >= -_GAIN:
            return False
        self.move(c, k)
        return True

    def _best_swap(self) -> bool:
        per = 1 / self.sizes
        here = self.met[self.home, self.at] - 2 * per[self.home] * self.dots[self.home, self.at]
        away = self.met - 2 * per[:, None] * self.dots - here  # sizes as they are
        there = away[self.home]
        distance = self.own[:, None] + self.own - 2 * self.objective.products
        both = per[self.home][:, None] + per[self.home]
        changes = there + there.T - 2 * self.objective.meeting - distance * both
        changes[self.home[:, None] == self.home] = np.inf
        a, b = divmod(int(changes.argmin()), len(self.home))
        if changes[a, b] >= -_GAIN:
            return False
        h, k = int(self.home[a]), int(self.home[b])
        self.move(a, k)
        self.move(b, h)
        return True
