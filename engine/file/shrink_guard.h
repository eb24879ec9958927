#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace lapidary::engine {

/// Watches a mapping: from now on a read of a page that its file no longer has finds zeros there,
/// instead of ending the process by SIGBUS. Returns the number of the watch, none when 4096
/// mappings are watched already. The first call installs the handler; a SIGBUS elsewhere goes to
/// the handler that was there before. Any thread.
[[nodiscard]] std::optional<std::size_t> watchMapping(std::span<const std::byte> mapping);

/// Ends a watch; before the memory is unmapped.
void unwatchMapping(std::size_t watch);

/// True when a read of the mapping has found zeros in place of the file.
[[nodiscard]] bool hasLostPages(std::size_t watch);

} // namespace lapidary::engine
