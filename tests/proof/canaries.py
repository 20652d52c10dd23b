"""Words that stand nowhere but in one company's data: an answer that holds somebody else's has leaked."""

from __future__ import annotations

import re
from random import Random

WORD = re.compile(r"zq[0-9a-f]{12}")


class Canaries:
    """Makes words and remembers whose they are."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._owners: dict[str, str] = {}

    def word(self, owner: str) -> str:
        word = f"zq{self._random.getrandbits(48):012x}"
        self._owners[word] = owner
        return word

    def foreign(self, content: str, own: frozenset[str]) -> list[str]:
        """Owners of the words in `content` that are not among `own`, each once."""
        owners = {self._owners.get(word, "nobody") for word in set(WORD.findall(content.lower()))}
        return sorted(owners - own)
