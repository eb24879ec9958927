#include "cuda/step_kernel.cuh"

namespace lapidary::kernels::cuda {

LAPIDARY_STEP(, LargeRowMemory, 1, 1);

} // namespace lapidary::kernels::cuda
