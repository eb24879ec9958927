#include "cuda/step_kernel.cuh"

namespace lapidary::kernels::cuda {

LAPIDARY_STEP(, SmallMemory, 16, 2);

} // namespace lapidary::kernels::cuda
