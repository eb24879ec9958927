#include "cache/kv_cache.h"

#include <kernels/assert.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <format>
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
            auto data = layer.window > 0 ? cache.takeRing(backend, tensor->bytes())
                                         : cache.takeGrowing(backend, *tensor);
            if (!data)
                return std::unexpected(data.error());
            tensor->data = *data;
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

Expected<void*> KvCache::takeRing(kernels::Backend& backend, std::size_t bytes) {
    auto memory = backend.allocate(bytes);
    if (!memory)
        return std::unexpected(memory.error());
    rings_.push_back(std::move(*memory));
    return rings_.back().memory.get();
}

Expected<void*> KvCache::takeGrowing(kernels::Backend& backend, const Tensor& all) {
    LAPIDARY_ASSERT(all.rows() > 0);
    auto memory = backend.reserve(all.bytes());
    if (!memory)
        return std::unexpected(memory.error());
    growing_.push_back({.memory = std::move(*memory),
                        .rowBytes = all.bytes() / static_cast<std::size_t>(all.rows())});
    return growing_.back().memory->data();
}

std::size_t KvCache::bytes() const {
    std::size_t sum = 0;
    for (const kernels::Buffer& ring : rings_)
        sum += ring.bytes;
    for (const Growing& one : growing_)
        sum += one.memory->bytes();
    return sum;
}

int KvCache::room() const {
    auto room = static_cast<std::size_t>(contextTokens_);
    for (const Growing& one : growing_)
        room = std::min(room, one.memory->bytes() / one.rowBytes);
    return static_cast<int>(room);
}

Expected<void> KvCache::makeRoom(int positions) {
    LAPIDARY_ASSERT(positions <= contextTokens_);
    const int before = room();
    if (positions <= before)
        return {};
    const int wanted =
        std::min((positions + kRoomStep - 1) / kRoomStep * kRoomStep, contextTokens_);
    for (const Growing& one : growing_) {
        auto grown = one.memory->grow(static_cast<std::size_t>(wanted) * one.rowBytes);
        if (grown)
            continue;
        if (grown.error().kind != ErrorKind::DoesNotFit)
            return grown;
        return fail(ErrorKind::DoesNotFit,
                    std::format("There is no memory left for more than {} tokens. Close other "
                                "programs and try again, or go on in a new conversation.",
                                before),
                    grown.error().sentence + " " + grown.error().detail);
    }
    growsAhead_ = true;
    return {};
}

void KvCache::growAhead() {
    const int wanted = std::min(tokens_.size() + kRoomAhead, contextTokens_);
    const int soon = std::min(tokens_.size() + kRoomStep, contextTokens_);
    for (const Growing& one : growing_) {
        if (!growsAhead_ || one.memory->bytes() >= static_cast<std::size_t>(wanted) * one.rowBytes)
            continue;
        const int rounded = std::min(wanted + kRoomStep, contextTokens_);
        growsAhead_ =
            one.memory->grow(static_cast<std::size_t>(rounded) * one.rowBytes).has_value();
        if (room() >= soon)
            return;
    }
}

Expected<void> KvCache::fill(kernels::Backend& backend, int positions) {
    LAPIDARY_ASSERT(positions <= contextTokens_);
    if (auto room = makeRoom(std::min(positions + kRoomAhead, contextTokens_)); !room)
        return room;
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
            LAPIDARY_ASSERT(tensor.rows() > 0 && tensor.bytes() > 0);
            const std::int64_t rowBytes = static_cast<std::int64_t>(tensor.bytes()) / tensor.rows();
            const std::int64_t rows =
                std::max<std::int64_t>(1, static_cast<std::int64_t>(numbers.size() * 4) / rowBytes);
            const std::int64_t there = std::min<std::int64_t>(tensor.rows(), room());
            for (std::int64_t row = 0; row < there; row += rows) {
                const Tensor piece = tensor.slice(row, std::min(rows, there - row));
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
    LAPIDARY_ASSERT(begin == tokens_.size() && end <= room());
    tokens_.appendFrom(prompt, begin, end);
    written_ = std::max(written_, end);
}

void KvCache::append(std::int32_t id) {
    LAPIDARY_ASSERT(tokens_.size() < room());
    tokens_.append(id);
    written_ = std::max(written_, tokens_.size());
}

bool KvCache::holdsWindowBefore(int position) const {
    // The next row looks back to position − window + 1. Slots hold the last `ring_` positions that
    // were written, wherever the cache was rewound to since.
    return window_ == 0 || std::max(position - window_ + 1, 0) >= written_ - ring_;
}

} // namespace lapidary::engine
