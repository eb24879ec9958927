#pragma once

#include "cpu/host_memory.h"
#include "cpu/thread_pool.h"
#include "error.h"

#include <optional>

namespace lapidary::kernels {

/// What the operations of one CPU backend share.
struct CpuContext {
    explicit CpuContext(int threads) : pool(threads) {}

    ThreadPool pool;
    Scratch packedRows;         ///< the inputs of the product at hand, see operations/linear.h
    std::optional<Error> error; ///< the first since the last wait

    /// Keeps the error for the next wait; always false.
    bool outOfMemory() {
        if (!error)
            error = Error{.kind = ErrorKind::DoesNotFit,
                          .sentence = "The computer ran out of memory while computing. Close other "
                                      "programs and try again."};
        return false;
    }
};

} // namespace lapidary::kernels
