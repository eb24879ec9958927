#pragma once

#include <string>
#include <string_view>

namespace lapidary::app {

/// Fills the place of the second character where "\(" became "$"; the builder drops it. A white
/// space, because a dollar opens a formula only after one.
inline constexpr char kMathFiller = '\v';

/// Markdown in which \( \) and \[ \] outside of code are $ and $$, since a Markdown parser would
/// swallow their backslashes. As many bytes as before, so that offsets stay true. Formulas do not
/// cross blank lines.
[[nodiscard]] std::string withDollarMath(std::string_view markdown);

} // namespace lapidary::app
