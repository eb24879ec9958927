#pragma once

namespace lapidary::kernels {

/// Bytes per second that `threads` threads read from memory together: each sums a part of a buffer
/// that no cache holds, several times; the best time counts. What decoding is measured against.
///   threads  0: one a logical processor
[[nodiscard]] double readBandwidth(int threads);

} // namespace lapidary::kernels
