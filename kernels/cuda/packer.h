#pragma once

#include "backend.h"
#include "cuda/stream.h"

namespace lapidary::kernels::cuda {

/// Backend::pack: the matrix row-major in the card's memory as bf16, or as e4m3 with a scale a row.
/// The source may go when this returns. DoesNotFit, DeviceLost.
[[nodiscard]] Expected<Weight> packOnCard(Stream& stream, const WeightSource& source,
                                          WeightFormat as);

} // namespace lapidary::kernels::cuda
