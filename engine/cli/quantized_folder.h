#pragma once

#include "checkpoint/checkpoint.h"

#include <kernels/error.h>

#include <cstddef>
#include <filesystem>
#include <functional>

namespace lapidary::cli {

/// Called with the bytes read so far and those of all tensors; false stops the work.
using QuantizeProgress = std::function<bool(std::size_t doneBytes, std::size_t totalBytes)>;

/// Writes a copy of a checkpoint of floating-point weights whose quantisable linears
/// (TensorSpec::quantisable) are FP8 a row, as torchao saves them (formats.md 4.1, 4.2), sharded as
/// it was, with its tokenizer and other small files. Everything goes to `out` + ".unfinished",
/// which becomes `out` at the end, so that nobody meets half of it; it is removed when anything
/// fails. Denied (`out` is there), Unsupported (quantised already), NoSpace, Corrupt, Cancelled.
[[nodiscard]] Expected<void> writeQuantized(const engine::Checkpoint& checkpoint,
                                            const std::filesystem::path& out,
                                            const QuantizeProgress& progress);

} // namespace lapidary::cli
