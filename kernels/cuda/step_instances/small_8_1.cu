#include "cuda/step_kernel.cuh"

namespace lapidary::kernels::cuda {

LAPIDARY_STEP(, SmallMemory, 8, 1);

} // namespace lapidary::kernels::cuda
