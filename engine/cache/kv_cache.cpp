#include "cache/kv_cache.h"

#include <kernels/assert.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <random>
#include <span>
#include <utility>

namespace lapidary::engine {

using kernels::DType;
using kernels::KvView;
using kernels::Tensor;

Expected<KvCache> KvCache::allocate(kernels::Backend& backend, const CacheGeometry& geometry,
                                    std::int64_t contextTokens, CacheFormat format) {
    KvCache cache;
    cache.contextTokens_ = static_cast<int>(contextTokens);
    const DType type = format == CacheFormat::F32 ? DType::F32 : DType::BF16;
    for (const LayerCacheGeometry& layer : geometry.layers) {
        if (!layer.owns) {
            const KvView donor = cache.layers_[static_cast<std::size_t>(layer.donor)];
            cache.layers_.push_back(donor);
            continue;
        }
        const std::int64_t capacity = layer.capacity(contextTokens);
        Tensor k(nullptr, type, {capacity, layer.kvHeads, layer.headDim});
        Tensor v = k;
        for (Tensor* tensor : {&k, &v}) {
            auto memory = backend.allocate(tensor->bytes());
            if (!memory)
                return std::unexpected(memory.error());
            tensor->data = memory->memory.get();
            cache.bytes_ += memory->bytes;
            cache.memory_.push_back(std::move(*memory));
        }
        cache.layers_.push_back({.k = k, .v = v});
        if (layer.window > 0) {
            LAPIDARY_ASSERT(cache.window_ == 0 || cache.window_ == layer.window);
            cache.window_ = layer.window;
            cache.ring_ = static_cast<int>(capacity);
        }
    }
    return cache;
}

Expected<void> KvCache::fill(kernels::Backend& backend, int positions) {
    LAPIDARY_ASSERT(positions <= contextTokens_);
    // As large as what norms leave, about 1, so that no score runs away.
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0, 1);
    std::vector<std::uint32_t> numbers(1U << 20U); // as F32, or two of BF16 each
    for (std::uint32_t& number : numbers)
        number = std::bit_cast<std::uint32_t>(normal(random));
    if (!layers_.empty() && layers_.front().k.dtype == DType::BF16)
        for (std::uint32_t& number : numbers)
            number = (number & 0xFFFF0000U) | number >> 16U;
    for (const KvView& layer : layers_)
        for (const Tensor& tensor : {layer.k, layer.v}) {
            const std::int64_t rowBytes = static_cast<std::int64_t>(tensor.bytes()) / tensor.rows();
            const std::int64_t rows =
                std::max<std::int64_t>(1, static_cast<std::int64_t>(numbers.size() * 4) / rowBytes);
            for (std::int64_t row = 0; row < tensor.rows(); row += rows) {
                const Tensor piece = tensor.slice(row, std::min(rows, tensor.rows() - row));
                backend.upload(std::as_bytes(std::span(numbers)).first(piece.bytes()), piece);
            }
        }
    tokens_.truncate(0);
    for (int i = 0; i < positions; ++i)
        tokens_.append(0);
    written_ = positions;
    return backend.wait();
}

int KvCache::reusable(const TokenSequence& prompt) const {
    const int common = std::min(tokens_.commonPrefix(prompt), prompt.size() - 1);
    const int length = prompt.outsideImage(std::max(common, 0));
    return holdsWindowBefore(length) ? length : 0;
}

void KvCache::rewind(int length) {
    LAPIDARY_ASSERT(length <= tokens_.size() && (length == 0 || holdsWindowBefore(length)));
    tokens_.truncate(length);
    if (length == 0)
        written_ = 0;
}

void KvCache::discard(int begin) {
    const int length = tokens_.outsideImage(begin);
    rewind(holdsWindowBefore(length) ? length : 0);
}

void KvCache::append(const TokenSequence& prompt, int begin, int end) {
    LAPIDARY_ASSERT(begin == tokens_.size() && end <= contextTokens_);
    tokens_.appendFrom(prompt, begin, end);
    written_ = std::max(written_, end);
}

void KvCache::append(std::int32_t id) {
    LAPIDARY_ASSERT(tokens_.size() < contextTokens_);
    tokens_.append(id);
    written_ = std::max(written_, tokens_.size());
}

bool KvCache::holdsWindowBefore(int position) const {
    // The next row looks back to position − window + 1. Slots hold the last `ring_` positions that
    // were written, wherever the cache was rewound to since.
    return window_ == 0 || std::max(position - window_ + 1, 0) >= written_ - ring_;
}

} // namespace lapidary::engine
