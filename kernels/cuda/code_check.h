#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace lapidary::kernels::cuda {

/// What `least` holds at first: all its bytes are 0xFF.
inline constexpr unsigned kNoneIsNan = 0xFFFFFFFFU;

/// least = min(least, number) where one of the e4m3 codes is NaN (e4m3_codes.h).
///   codes  on 16 bytes, on the card;  least  one number, on the card
void checkCodes(const std::byte* codes, std::size_t bytes, unsigned number, unsigned* least,
                cudaStream_t stream);

} // namespace lapidary::kernels::cuda
