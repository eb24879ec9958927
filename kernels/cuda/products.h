#pragma once

#include "backend.h"
#include "cuda/card_weight.h"
#include "cuda/matrix_product.h"
#include "cuda/skinny.h"
#include "cuda/step_chain.h"
#include "cuda/stream.h"

#include <cstdint>
#include <memory>
#include <span>

namespace lapidary::kernels::cuda {

/// The products of rows with matrices: which kernel takes which shape. 1 to 16 rows go to the
/// step kernel, more to cuBLASLt, and what begins off 16 bytes to a plain one.
class Products {
public:
    /// Unsupported (no cuBLASLt), DoesNotFit.
    [[nodiscard]] static Expected<std::unique_ptr<Products>> make(Stream& stream, StepChain& chain);

    /// backend.h, linear.
    void linear(std::span<const Projection> projections, const Tensor& x, const Tensor& largest);

    /// backend.h, logits.
    void logits(const Weight& w, const Tensor& x, float cap, const Tensor& y);

    /// backend.h, gatedMlp.
    void gatedMlp(const GatedMlp& op);

private:
    Products(Stream& stream, StepChain& chain, const CublasLt& library)
        : stream_(stream), chain_(chain), large_(stream, library) {}

    /// x as the step kernel takes it, its magnitudes looked up where the format needs them.
    [[nodiscard]] SkinnyProduct productOf(const Weight& w, const Tensor& x, const Tensor& largest);
    void queue(const SkinnyLaunch& launch);
    void one(const Weight& w, const Tensor& x, const Tensor& largest, const Tensor& y, float cap);
    void many(const Weight& w, const Tensor& x, const Tensor& y);

    /// Many rows as e4m3 with their scales, in scratch: what one matrix or several take.
    struct Codes {
        std::uint8_t* codes = nullptr; ///< [rows, columns]; null, with the error noted: no memory
        float* scales = nullptr;       ///< [rows]
        std::int64_t rows = 0;
    };
    [[nodiscard]] bool takesCodes(const Weight& w, std::int64_t rows) const;
    [[nodiscard]] Codes roomForCodes(std::int64_t rows, std::int64_t columns);
    [[nodiscard]] Codes codesOf(const Tensor& x);
    void manyOfCodes(const Weight& w, const Codes& x, const Tensor& y);

    void manyWidened(const CardMatrix& matrix, const LargeProduct& product);

    Stream& stream_;
    StepChain& chain_;
    MatrixProduct large_;
    Buffer memory_;
    SkinnyWorkspace workspace_;
    float* inputLargest_ = nullptr; ///< [kSkinnyRows], where the caller knows no magnitudes
    float* gatedLargest_ = nullptr; ///< [kSkinnyRows, kMostGatedPieces]
};

} // namespace lapidary::kernels::cuda
