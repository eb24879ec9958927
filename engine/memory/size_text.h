#pragma once

#include <cstddef>
#include <string>

namespace lapidary::engine {

/// "12.3 GB" in decimal units, as disks and cards are sold.
[[nodiscard]] std::string sizeForPeople(std::size_t bytes);

} // namespace lapidary::engine
