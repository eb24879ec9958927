#pragma once

#include "backend.h"
#include "cuda/stream.h"

namespace lapidary::kernels::cuda {

/// Sampling as backend.h has it. A wide choice (no topK, or a very large one) is rare: the
/// processor makes it.
class SampleOperations {
public:
    explicit SampleOperations(Stream& stream) : stream_(stream) {}

    void sample(const Sample& op);

private:
    void onHost(const Sample& op);
    void onCard(const Sample& op);

    Stream& stream_;
};

} // namespace lapidary::kernels::cuda
