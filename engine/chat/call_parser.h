#pragma once

#include "request.h"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// Stands for a quote token in the source of a call; no UTF-8 text contains this byte.
inline constexpr char kQuoteMark = '\xFF';

/// Reads what stood between the tags of a call: `call:NAME{…}`, possibly several, in the grammar of
/// gemma4.md 7.4 and in what models write instead of it (7.7): JSON and single-quoted strings, bare
/// words, quoted keys, ":NAME{" without "call", strings and braces left open at the end. Types
/// follow the schema where it names one. The calls get no ids. Nothing if it makes no sense.
///   Time is linear in the source times the number of known argument names.
[[nodiscard]] std::optional<std::vector<ToolCall>> parseCalls(std::string_view source,
                                                              std::span<const Tool> tools);

} // namespace lapidary::engine
