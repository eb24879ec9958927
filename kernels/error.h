#pragma once

#include <expected>
#include <string>
#include <utility>

namespace lapidary {

/// What a caller can act on.
enum class ErrorKind {
    NotFound,    ///< a file, tensor or device that was named is not there
    Corrupt,     ///< what was read contradicts itself or its format
    Unsupported, ///< well formed, but nothing this program runs
    DoesNotFit,  ///< more memory or context is needed than there is
    DeviceLost,  ///< the device cannot be used again by this process
    NoSpace,     ///< the disk is full
    Network,     ///< another machine did not answer as it should
    Denied,      ///< permission is missing
    Cancelled,   ///< the user asked for it
};

/// What a user, a file, the network or a device has caused. `sentence` is for a person: it says
/// what happened and ends in a remedy. `detail` is for the log.
struct Error {
    ErrorKind kind;
    std::string sentence;
    std::string detail = {};
};

template <class T>
using Expected = std::expected<T, Error>;

/// The error as a value to return from a function that returns Expected<T>.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string sentence,
                                                 std::string detail = {}) {
    return std::unexpected(Error{kind, std::move(sentence), std::move(detail)});
}

} // namespace lapidary
