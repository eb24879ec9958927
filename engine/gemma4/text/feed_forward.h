#pragma once

#include <kernels/backend.h>

#include <cstdint>

namespace lapidary::engine {

struct Activations;

/// Step 5 of a decoder layer (gemma4.md 2.1): m(x) for the first `rows` rows of activations.x,
/// whose rms(x; inputNorm) is in activations.normed, and then `sum`, which takes m(x) from
/// activations.branch.
class FeedForward {
public:
    FeedForward() = default;
    FeedForward(const FeedForward&) = delete;
    FeedForward& operator=(const FeedForward&) = delete;
    virtual ~FeedForward() = default;

    [[nodiscard]] virtual const kernels::Tensor& inputNorm() const = 0; // [hidden] f32

    virtual void apply(kernels::Backend& backend, std::int64_t rows, const Activations& activations,
                       const kernels::AddNormed& sum) const = 0;
};

/// m = Wdown(gelu_tanh(Wgate z) ⊙ Wup z), z = rms(x; norm).
class DenseFeedForward final : public FeedForward {
public:
    kernels::Tensor norm; // [hidden] f32
    kernels::Weight gate; // [width, hidden]
    kernels::Weight up;   // [width, hidden]
    kernels::Weight down; // [hidden, width]

    [[nodiscard]] const kernels::Tensor& inputNorm() const override { return norm; }
    void apply(kernels::Backend& backend, std::int64_t rows, const Activations& activations,
               const kernels::AddNormed& sum) const override;
    [[nodiscard]] kernels::GatedMlp operation(std::int64_t rows,
                                              const Activations& activations) const;
};

/// m = d + r, the dense branch and the chosen experts, each with a norm of its own (gemma4.md 2.5).
class ExpertFeedForward final : public FeedForward {
public:
    DenseFeedForward dense;
    kernels::Tensor denseNorm;      // [hidden] f32, after the dense branch
    kernels::Tensor expertsInNorm;  // [hidden] f32
    kernels::Tensor expertsOutNorm; // [hidden] f32
    kernels::Tensor routerScale;    // [hidden] f32
    kernels::Weight router;         // [experts, hidden]
    kernels::Tensor perExpertScale; // [experts] f32
    kernels::Weight gateUp;         // [experts, 2 · width, hidden]
    kernels::Weight down;           // [experts, hidden, width]
    std::int64_t chosen = 0;        // experts a token
    float epsilon = 1e-6F;

    [[nodiscard]] const kernels::Tensor& inputNorm() const override { return dense.norm; }
    void apply(kernels::Backend& backend, std::int64_t rows, const Activations& activations,
               const kernels::AddNormed& sum) const override;
};

} // namespace lapidary::engine
