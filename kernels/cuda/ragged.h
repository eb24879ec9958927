#pragma once

#include "cuda/skinny.h"

namespace lapidary::kernels::cuda {

/// y = W x where rows do not begin on 16 bytes: any shape, any number of rows, no hurry. Each row
/// and channel is one sum in a fixed order.
///   product  its first segment; y bf16, or f32 capped where `single`
void raggedProduct(const SkinnyProduct& product, bool single, float cap, cudaStream_t stream);

} // namespace lapidary::kernels::cuda
