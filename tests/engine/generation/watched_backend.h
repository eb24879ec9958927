#pragma once

#include <kernels/backend.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace lapidary::engine::test {

/// Another backend, whose waits are counted and fail when they are told to, and whose memory ends
/// where it is told to and notes when it grew.
class WatchedBackend final : public kernels::Backend {
public:
    explicit WatchedBackend(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {}

    int waits = 0;
    std::optional<Error> next;        ///< what the next wait returns
    std::size_t mostGrown = SIZE_MAX; ///< bytes that memory grows to
    int growths = 0;
    int growthsBetweenSteps = 0; ///< with nothing queued that the device computes meanwhile
    int growthsOfStep = 0;       ///< the most with one step

    [[nodiscard]] Expected<void> wait() override {
        ++waits;
        queued_ = false;
        growthsSinceWait_ = 0;
        if (auto error = std::exchange(next, std::nullopt))
            return std::unexpected(std::move(*error));
        return backend_->wait();
    }

    [[nodiscard]] kernels::DeviceDescription describe() const override {
        return backend_->describe();
    }
    [[nodiscard]] kernels::DType activationType() const override {
        return backend_->activationType();
    }
    [[nodiscard]] Expected<kernels::Buffer> allocate(std::size_t bytes) override {
        return backend_->allocate(bytes);
    }
    [[nodiscard]] Expected<std::unique_ptr<kernels::GrowingMemory>>
    reserve(std::size_t mostBytes) override {
        auto memory = backend_->reserve(mostBytes);
        if (!memory)
            return memory;
        return std::make_unique<EndingMemory>(std::move(*memory), *this);
    }
    void upload(std::span<const std::byte> from, const kernels::Tensor& to) override {
        backend_->upload(from, to);
    }
    void download(const kernels::Tensor& from, std::span<std::byte> to) override {
        backend_->download(from, to);
    }
    [[nodiscard]] Expected<kernels::Weight> pack(const kernels::WeightSource& source,
                                                 kernels::WeightFormat as) override {
        return backend_->pack(source, as);
    }
    [[nodiscard]] std::unique_ptr<kernels::Packer> packer(std::size_t bytes,
                                                          kernels::Packer::Watch watch) override {
        return backend_->packer(bytes, std::move(watch));
    }
    [[nodiscard]] Expected<kernels::Weight> keep(const kernels::WeightSource& source) override {
        return backend_->keep(source);
    }
    void gather(const kernels::Weight& table, std::span<const std::int32_t> ids, float scale,
                const kernels::Tensor& y) override {
        backend_->gather(table, ids, scale, y);
    }
    void embed(const kernels::Weight& table, const kernels::Tensor& ids, float scale,
               const kernels::Tensor& y) override {
        backend_->embed(table, ids, scale, y);
    }
    void rmsNorm(const kernels::Tensor& x, const kernels::Tensor& weight, float epsilon,
                 const kernels::Tensor& y, const kernels::Tensor& largest) override {
        backend_->rmsNorm(x, weight, epsilon, y, largest);
    }
    void addNormed(const kernels::AddNormed& op) override { backend_->addNormed(op); }
    void linear(std::span<const kernels::Projection> projections, const kernels::Tensor& x,
                const kernels::Tensor& largest) override {
        queued_ = true;
        backend_->linear(projections, x, largest);
    }
    void logits(const kernels::Weight& w, const kernels::Tensor& x, float cap,
                const kernels::Tensor& y) override {
        backend_->logits(w, x, cap, y);
    }
    void rotateAndStore(const kernels::RotateAndStore& op) override {
        backend_->rotateAndStore(op);
    }
    void attention(const kernels::Attention& op) override { backend_->attention(op); }
    void gatedMlp(const kernels::GatedMlp& op) override { backend_->gatedMlp(op); }
    void route(const kernels::Route& op) override { backend_->route(op); }
    void expertMlp(const kernels::ExpertMlp& op) override { backend_->expertMlp(op); }
    void mixedMlp(const kernels::MixedMlp& op) override { backend_->mixedMlp(op); }
    void geluMultiply(const kernels::Tensor& gate, const kernels::Tensor& up,
                      const kernels::Tensor& y) override {
        backend_->geluMultiply(gate, up, y);
    }
    void scaledSum(const kernels::Tensor& a, const kernels::Tensor& b, float scale,
                   const kernels::Tensor& y) override {
        backend_->scaledSum(a, b, scale, y);
    }
    void layerNorm(const kernels::Tensor& x, const kernels::Tensor& weight,
                   const kernels::Tensor& bias, float epsilon, const kernels::Tensor& y) override {
        backend_->layerNorm(x, weight, bias, epsilon, y);
    }
    void addBias(const kernels::Tensor& x, const kernels::Tensor& bias) override {
        backend_->addBias(x, bias);
    }
    void addRows(const kernels::Tensor& x, const kernels::Tensor& table,
                 const kernels::Tensor& indices) override {
        backend_->addRows(x, table, indices);
    }
    void clamp(const kernels::Tensor& x, float low, float high) override {
        backend_->clamp(x, low, high);
    }
    void visionAttention(const kernels::VisionAttention& op) override {
        backend_->visionAttention(op);
    }
    void poolPatches(const kernels::Tensor& x, std::int64_t gridColumns, std::int64_t k,
                     float factor, const kernels::Tensor& bias, const kernels::Tensor& scale,
                     const kernels::Tensor& y) override {
        backend_->poolPatches(x, gridColumns, k, factor, bias, scale, y);
    }
    void sample(const kernels::Sample& op) override { backend_->sample(op); }

private:
    class EndingMemory final : public kernels::GrowingMemory {
    public:
        EndingMemory(std::unique_ptr<GrowingMemory> memory, WatchedBackend& watch)
            : memory_(std::move(memory)), watch_(watch) {}
        [[nodiscard]] void* data() const override { return memory_->data(); }
        [[nodiscard]] std::size_t bytes() const override { return memory_->bytes(); }
        [[nodiscard]] Expected<void> grow(std::size_t bytes) override {
            if (bytes > watch_.mostGrown)
                return fail(ErrorKind::DoesNotFit, "The card is full.");
            if (bytes > memory_->bytes())
                watch_.noteGrowth();
            return memory_->grow(bytes);
        }

    private:
        std::unique_ptr<GrowingMemory> memory_;
        WatchedBackend& watch_;
    };

    void noteGrowth() {
        ++growths;
        growthsBetweenSteps += queued_ ? 0 : 1;
        growthsOfStep = std::max(growthsOfStep, ++growthsSinceWait_);
    }

    std::unique_ptr<Backend> backend_;
    bool queued_ = false;
    int growthsSinceWait_ = 0;
};

} // namespace lapidary::engine::test
