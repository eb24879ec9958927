#include "cuda/step_kernel.cuh"

namespace lapidary::kernels::cuda {

LAPIDARY_STEP(, SmallMemory, 8, 2);

} // namespace lapidary::kernels::cuda
