#pragma once

namespace lapidary::kernels {

/// Graphics cards of NVIDIA that the system sees on its PCI buses, with or without a driver.
[[nodiscard]] int nvidiaCards();

} // namespace lapidary::kernels
