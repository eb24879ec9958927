#pragma once

#include "backend.h"
#include "cuda/attention_operations.h"
#include "cuda/expert_operations.h"
#include "cuda/head_operations.h"
#include "cuda/norm_operations.h"
#include "cuda/products.h"
#include "cuda/row_gatherer.h"
#include "cuda/sample_operations.h"
#include "cuda/step_chain.h"
#include "cuda/step_graph.h"
#include "cuda/stream.h"

#include <memory>
#include <string>

namespace lapidary::kernels::cuda {

/// The vocabulary on an NVIDIA card from compute capability 8.0 up: activations and caches in bf16,
/// weights as bf16 in the card's memory. 1 to 16 rows are computed by the same instructions
/// whatever their number; more rows by cuBLASLt and tiles of queries.
class CudaBackend final : public Backend {
public:
    [[nodiscard]] static Expected<std::unique_ptr<Backend>> open(int device);

    [[nodiscard]] DeviceDescription describe() const override;
    [[nodiscard]] DType activationType() const override { return DType::BF16; }

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
    void repeat(std::unique_ptr<Recording>& recording, std::int64_t firstPosition,
                const std::function<void()>& operations) override;

    void embed(const Weight& table, const Tensor& ids, float scale, const Tensor& y) override;
    void rmsNorm(const Tensor& x, const Tensor& weight, float epsilon, const Tensor& y,
                 const Tensor& largest) override;
    void addNormed(const AddNormed& op) override;
    void linear(std::span<const Projection> projections, const Tensor& x,
                const Tensor& largest) override;
    void logits(const Weight& w, const Tensor& x, float cap, const Tensor& y) override;
    [[nodiscard]] Expected<CoarseHead> coarsen(const Weight& w) override;
    void estimate(const Estimate& op) override;
    void rotateAndStore(const RotateAndStore& op) override;
    void attention(const Attention& op) override;
    void rotateAndAttend(const RotateAndStore& rotate, const Attention& op) override;
    void gatedMlp(const GatedMlp& op) override;
    void route(const Route& op) override;
    void expertMlp(const ExpertMlp& op) override;
    void mixedMlp(const MixedMlp& op) override;
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
    void queueElements(const ElementPhase& elements);

    CudaBackend(std::unique_ptr<Stream> stream, std::unique_ptr<StepChain> chain,
                std::unique_ptr<Products> products, std::unique_ptr<StepGraphs> steps,
                std::unique_ptr<AttentionOperations> attention);

    std::unique_ptr<Stream> stream_;
    std::unique_ptr<StepChain> chain_;
    std::unique_ptr<Products> products_;
    std::unique_ptr<StepGraphs> steps_;
    std::unique_ptr<AttentionOperations> attention_;
    NormOperations norms_;
    ExpertOperations experts_;
    SampleOperations samples_;
    HeadOperations heads_;
    RowGatherer gatherer_;
};

} // namespace lapidary::kernels::cuda
