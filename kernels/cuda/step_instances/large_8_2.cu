#include "cuda/step_kernel.cuh"

namespace lapidary::kernels::cuda {

LAPIDARY_STEP(, LargeMemory, 8, 2);

} // namespace lapidary::kernels::cuda
