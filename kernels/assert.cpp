#include "assert.h"

#include <cstdio>
#include <exception>

namespace lapidary {

void assertionFailed(const char* condition, std::source_location where) {
    // Without memory or locales to ask for. NOLINTNEXTLINE(modernize-use-std-print)
    std::fprintf(stderr, "%s:%u: %s: this must hold and does not: %s\n", where.file_name(),
                 static_cast<unsigned>(where.line()), where.function_name(), condition);
    std::terminate();
}

} // namespace lapidary
