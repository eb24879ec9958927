#include "cuda/step_kernel.cuh"

namespace lapidary::kernels::cuda {

LAPIDARY_STEP(, LargeMemory, 1, 1);

} // namespace lapidary::kernels::cuda
