#pragma once

#include "backend.h"
#include "cpu/context.h"

namespace lapidary::kernels {

// The contracts stand in backend.h.
void gatedMlp(CpuContext& context, const GatedMlp& op);
void route(CpuContext& context, const Route& op);
void expertMlp(CpuContext& context, const ExpertMlp& op);

} // namespace lapidary::kernels
