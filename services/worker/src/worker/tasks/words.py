"""A task on real input: statistics of a text that someone pastes into the page."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Any

from pydantic import Field

from headway import progress, task

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)")


@task
def word_statistics(
    text: Annotated[str, Field(min_length=1, max_length=500_000, description="Any text, in any language.")],
    top: Annotated[int, Field(ge=1, le=100, description="How many of the most frequent words to list.")] = 10,
) -> dict[str, Any]:
    """Count the words and sentences of a text and find its most frequent words."""
    counts: Counter[str] = Counter()
    for line in progress.track(text.splitlines() or [text], "Counting words"):
        counts.update(word.lower() for word in WORD.findall(line))
    if not counts:
        raise ValueError("The text has no words. Paste a few sentences.")
    words = counts.total()
    progress.log(f"{words:,} words, {len(counts):,} of them different")
    return {
        "characters": len(text),
        "words": words,
        "different_words": len(counts),
        "sentences": max(1, len(SENTENCE_END.findall(text))),
        "mean_word_length": round(sum(len(word) * number for word, number in counts.items()) / words, 2),
        "top_words": [{"word": word, "count": number} for word, number in counts.most_common(top)],
    }
