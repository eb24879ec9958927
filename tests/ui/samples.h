#pragma once

#include <string>

/// An answer with every kind of block.
inline const std::string kRichAnswer =
    R"(The **longest common prefix** of a list of words is the longest text that *every* word begins with. The shortest word bounds it, so compare only that far.

## How it works

1. Take the smallest and the largest word in dictionary order.
2. Compare them character by character; every other word lies between them.
   - `min()` and `max()` are linear, so no sorting is needed.
   - An empty list has no words, and its prefix is `""`.
3. Stop at the first difference.

```python
def common_prefix(words: list[str]) -> str:
    """The longest prefix that all words share."""
    if not words:
        return ""
    low, high = min(words), max(words)
    for i, character in enumerate(low):
        if character != high[i]:
            return low[:i]
    return low


assert common_prefix(["flower", "flow", "flight"]) == "fl"
assert common_prefix([]) == ""
```

> Comparing only the extremes is enough: what both share, all words between them share too.

| Approach | Time | Memory | Note |
|:---------|-----:|-------:|:-----|
| Extremes | O(n·m) | O(1) | this one |
| Sorting  | O(n·m·log n) | O(n) | simple |
| Trie     | O(n·m) | O(n·m) | answers many questions |

With $n$ words of length $m$ the cost is

$$
T(n, m) = 2nm + \min_i |w_i|
$$

See the [Python documentation](https://docs.python.org/3/library/os.path.html) for `os.path.commonprefix`, which does the same for paths.

- [x] empty list
- [ ] words with combining marks
)";

inline const std::string kThought =
    R"(The user wants a function for the longest common prefix. Let me think about the simplest correct approach.

Comparing every word with the first is O(n·m). But min and max in lexicographic order suffice: any word between them shares what both share.

Edge cases: empty list, one word, equal words. I should write tests for these. A docstring and type hints would be good style.)";
