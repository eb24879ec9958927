#pragma once

#include "backend.h"
#include "cpu/context.h"

namespace lapidary::kernels {

/// The vocabulary on the processor: activations in f32, weights as they lie in the checkpoint.
/// Every operation has ended when its call returns. A row's bits depend neither on the rows beside
/// it, of any number, nor on the number of threads.
class CpuBackend final : public Backend {
public:
    /// threads: 0 for one a physical core.
    explicit CpuBackend(int threads);

    [[nodiscard]] DeviceDescription describe() const override;
    [[nodiscard]] DType activationType() const override { return DType::F32; }

    [[nodiscard]] Expected<Buffer> allocate(std::size_t bytes) override;
    [[nodiscard]] Expected<std::unique_ptr<GrowingMemory>> reserve(std::size_t mostBytes) override;
    void upload(std::span<const std::byte> from, const Tensor& to) override;
    void download(const Tensor& from, std::span<std::byte> to) override;
    [[nodiscard]] Expected<Weight> pack(const WeightSource& source, WeightFormat as) override;
    [[nodiscard]] std::unique_ptr<Packer> packer(std::size_t bytes, Packer::Watch watch) override;
    [[nodiscard]] Expected<Weight> keep(const WeightSource& source) override;
    void gather(const Weight& table, std::span<const std::int32_t> ids, float scale,
                const Tensor& y) override;
    [[nodiscard]] Expected<void> wait() override;

    void embed(const Weight& table, const Tensor& ids, float scale, const Tensor& y) override;
    void rmsNorm(const Tensor& x, const Tensor& weight, float epsilon, const Tensor& y,
                 const Tensor& largest) override;
    void addNormed(const AddNormed& op) override;
    void linear(std::span<const Projection> projections, const Tensor& x,
                const Tensor& largest) override;
    void logits(const Weight& w, const Tensor& x, float cap, const Tensor& y) override;
    void rotateAndStore(const RotateAndStore& op) override;
    void attention(const Attention& op) override;
    void gatedMlp(const GatedMlp& op) override;
    void route(const Route& op) override;
    void expertMlp(const ExpertMlp& op) override;
    void geluMultiply(const Tensor& gate, const Tensor& up, const Tensor& y) override;
    void scaledSum(const Tensor& a, const Tensor& b, float scale, const Tensor& y) override;
    void layerNorm(const Tensor& x, const Tensor& weight, const Tensor& bias, float epsilon,
                   const Tensor& y) override;
    void addBias(const Tensor& x, const Tensor& bias) override;
    void addRows(const Tensor& x, const Tensor& table, const Tensor& indices) override;
    void clamp(const Tensor& x, float low, float high) override;
    void visionAttention(const VisionAttention& op) override;
    void poolPatches(const Tensor& x, std::int64_t gridColumns, std::int64_t k, float factor,
                     const Tensor& bias, const Tensor& scale, const Tensor& y) override;
    void sample(const Sample& op) override;

private:
    CpuContext context_;
};

/// The description of the processor, with `threads` of it in use.
[[nodiscard]] DeviceDescription describeCpu(int threads);

} // namespace lapidary::kernels
