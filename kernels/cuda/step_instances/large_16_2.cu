#include "cuda/step_kernel.cuh"

namespace lapidary::kernels::cuda {

LAPIDARY_STEP(, LargeMemory, 16, 2);

} // namespace lapidary::kernels::cuda
