#pragma once

#include <source_location>

namespace lapidary {

/// Prints what was expected and where, and ends the process through std::terminate, so that a
/// terminate handler can still save the user's text.
[[noreturn]] void assertionFailed(const char* condition,
                                  std::source_location where = std::source_location::current());

} // namespace lapidary

/// States what only a bug can violate; checked in all builds.
#define LAPIDARY_ASSERT(condition)                                                                 \
    ((condition) ? static_cast<void>(0) : ::lapidary::assertionFailed(#condition))
