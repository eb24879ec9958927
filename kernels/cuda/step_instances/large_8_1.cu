#include "cuda/step_kernel.cuh"

namespace lapidary::kernels::cuda {

LAPIDARY_STEP(, LargeMemory, 8, 1);

} // namespace lapidary::kernels::cuda
