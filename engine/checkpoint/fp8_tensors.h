#pragma once

#include "checkpoint/tensor_store.h"

#include <kernels/error.h>

#include <functional>
#include <map>
#include <string>

namespace lapidary::engine {

/// A matrix of e4m3 codes as a folder keeps it: two tensors of the store.
///   codes   [rows, columns] or [experts, rows, columns]
///   scales  one a row, [.., rows, 1], or one for all; w = code · scale
struct Fp8Tensor {
    const StoredTensor* codes = nullptr;
    const StoredTensor* scales = nullptr;
    bool quantisedInput = false; ///< a product quantises the rows of x, each by its own scale
};

/// By the canonical name of the weight ("….mlp.up_proj.weight").
using Fp8Tensors = std::map<std::string, Fp8Tensor, std::less<>>;

/// What torchao has quantised (formats.md 4.2): the "__metadata__" of the files says which tensors
/// and how. None when the files are not torchao's. Corrupt, Unsupported (another kind of tensor).
[[nodiscard]] Expected<Fp8Tensors> findTorchao(const TensorStore& store);

/// Codes with scales beside them as compressed-tensors names them (formats.md 5.2), all with inputs
/// as the configuration has them. Corrupt (one without the other), Unsupported (static scales).
[[nodiscard]] Expected<Fp8Tensors> findCompressedTensors(const TensorStore& store,
                                                         bool quantisedInput);

} // namespace lapidary::engine
