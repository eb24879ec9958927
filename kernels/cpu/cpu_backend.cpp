#include "cpu/cpu_backend.h"

#include "assert.h"
#include "cpu/host_growing_memory.h"
#include "cpu/host_memory.h"
#include "cpu/host_packer.h"
#include "cpu/host_weight.h"
#include "cpu/operations/attention.h"
#include "cpu/operations/elementwise.h"
#include "cpu/operations/linear.h"
#include "cpu/operations/mlp.h"
#include "cpu/operations/norm.h"
#include "cpu/operations/rotation.h"
#include "cpu/operations/sample.h"
#include "cpu/operations/vision.h"
#include "cpu/processor.h"

#include <cstring>
#include <format>
#include <utility>

namespace lapidary::kernels {

CpuBackend::CpuBackend(int threads) : context_(threads > 0 ? threads : physicalCores()) {}

DeviceDescription CpuBackend::describe() const {
    return describeCpu(context_.pool.threads());
}

Expected<Buffer> CpuBackend::allocate(std::size_t bytes) {
    return allocateHost(bytes);
}

Expected<std::unique_ptr<GrowingMemory>> CpuBackend::reserve(std::size_t mostBytes) {
    return reserveHost(mostBytes);
}

void CpuBackend::upload(std::span<const std::byte> from, const Tensor& to) {
    LAPIDARY_ASSERT(from.size() == to.bytes());
    if (!from.empty())
        std::memcpy(to.data, from.data(), from.size());
}

void CpuBackend::download(const Tensor& from, std::span<std::byte> to) {
    LAPIDARY_ASSERT(to.size() == from.bytes());
    if (!to.empty())
        std::memcpy(to.data(), from.data, to.size());
}

Expected<Weight> CpuBackend::pack(const WeightSource& source, WeightFormat as) {
    if (as == source.format)
        return packHost(source);
    LAPIDARY_ASSERT(as == WeightFormat::Fp8);
    return quantiseHost(context_.pool, source);
}

std::unique_ptr<Packer> CpuBackend::packer(std::size_t /*bytes*/, Packer::Watch watch) {
    return std::make_unique<HostPacker>(*this, std::move(watch));
}

Expected<Weight> CpuBackend::keep(const WeightSource& source) {
    return packHost(source);
}

void CpuBackend::gather(const Weight& table, std::span<const std::int32_t> ids, float scale,
                        const Tensor& y) {
    kernels::gather(context_, table, ids, scale, y);
}

Expected<void> CpuBackend::wait() {
    std::optional<Error> error = std::exchange(context_.error, std::nullopt);
    if (error)
        return std::unexpected(*std::move(error));
    return {};
}

void CpuBackend::embed(const Weight& table, const Tensor& ids, float scale, const Tensor& y) {
    kernels::embed(context_, table, ids, scale, y);
}

void CpuBackend::rmsNorm(const Tensor& x, const Tensor& weight, float epsilon, const Tensor& y,
                         const Tensor& /*largest*/) {
    kernels::rmsNorm(context_, x, weight, epsilon, y);
}

void CpuBackend::addNormed(const AddNormed& op) {
    kernels::addNormed(context_, op.residual, op.x, op.weight, op.epsilon, op.scale);
    if (!op.nextWeight.empty())
        kernels::rmsNorm(context_, op.residual, op.nextWeight, op.epsilon, op.normed);
}

void CpuBackend::linear(std::span<const Projection> projections, const Tensor& x,
                        const Tensor& /*largest*/) {
    for (const Projection& projection : projections)
        kernels::linear(context_, projection.w, x, projection.y);
}

void CpuBackend::logits(const Weight& w, const Tensor& x, float cap, const Tensor& y) {
    kernels::linear(context_, w, x, y);
    if (cap != 0)
        softCap(context_, y, cap);
}

void CpuBackend::rotateAndStore(const RotateAndStore& op) {
    kernels::rotateAndStore(context_, op);
}

void CpuBackend::attention(const Attention& op) {
    kernels::attention(context_, op);
}

void CpuBackend::gatedMlp(const GatedMlp& op) {
    kernels::gatedMlp(context_, op);
}

void CpuBackend::route(const Route& op) {
    kernels::route(context_, op);
}

void CpuBackend::expertMlp(const ExpertMlp& op) {
    kernels::expertMlp(context_, op);
}

void CpuBackend::geluMultiply(const Tensor& gate, const Tensor& up, const Tensor& y) {
    kernels::geluMultiply(context_, gate, up, y);
}

void CpuBackend::scaledSum(const Tensor& a, const Tensor& b, float scale, const Tensor& y) {
    kernels::scaledSum(context_, a, b, scale, y);
}

void CpuBackend::layerNorm(const Tensor& x, const Tensor& weight, const Tensor& bias, float epsilon,
                           const Tensor& y) {
    kernels::layerNorm(context_, x, weight, bias, epsilon, y);
}

void CpuBackend::addBias(const Tensor& x, const Tensor& bias) {
    kernels::addBias(context_, x, bias);
}

void CpuBackend::addRows(const Tensor& x, const Tensor& table, const Tensor& indices) {
    kernels::addRows(context_, x, table, indices);
}

void CpuBackend::clamp(const Tensor& x, float low, float high) {
    kernels::clamp(context_, x, low, high);
}

void CpuBackend::visionAttention(const VisionAttention& op) {
    kernels::visionAttention(context_, op);
}

void CpuBackend::poolPatches(const Tensor& x, std::int64_t gridColumns, std::int64_t k,
                             float factor, const Tensor& bias, const Tensor& scale,
                             const Tensor& y) {
    kernels::poolPatches(context_, x, gridColumns, k, factor, bias, scale, y);
}

void CpuBackend::sample(const Sample& op) {
    kernels::sample(context_, op);
}

DeviceDescription describeCpu(int threads) {
    return {.id = "cpu",
            .name = std::format("{}, {} {}", processorName(), threads,
                                threads == 1 ? "thread" : "threads"),
            .totalBytes = totalMemory(),
            .freeBytes = availableMemory()};
}

} // namespace lapidary::kernels
