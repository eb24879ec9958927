#include "memory/size_text.h"

#include <format>

namespace lapidary::engine {

std::string sizeForPeople(std::size_t bytes) {
    const auto value = static_cast<double>(bytes);
    return value >= 1e9 ? std::format("{:.1f} GB", value / 1e9)
                        : std::format("{:.0f} MB", value / 1e6);
}

} // namespace lapidary::engine
