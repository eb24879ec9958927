#include "memory/cache_geometry.h"

#include <algorithm>

namespace lapidary::engine {

std::int64_t LayerCacheGeometry::capacity(std::int64_t contextTokens) const {
    if (window == 0)
        return contextTokens;
    const std::int64_t ring = std::min(contextTokens, std::int64_t{window} + kRingReserve);
    return (ring + kRingBlock - 1) / kRingBlock * kRingBlock;
}

std::size_t CacheGeometry::bytes(std::int64_t contextTokens, CacheFormat format) const {
    std::int64_t numbers = 0;
    for (const LayerCacheGeometry& layer : layers)
        if (layer.owns)
            numbers += layer.numbersPerPosition() * layer.capacity(contextTokens);
    return static_cast<std::size_t>(numbers) * sizeOf(format);
}

std::size_t CacheGeometry::windowBytes(std::int64_t contextTokens, CacheFormat format) const {
    std::int64_t numbers = 0;
    for (const LayerCacheGeometry& layer : layers) {
        const std::int64_t kept =
            layer.window == 0 ? contextTokens : std::min(contextTokens, std::int64_t{layer.window});
        if (layer.owns)
            numbers += layer.numbersPerPosition() * kept;
    }
    return static_cast<std::size_t>(numbers) * sizeOf(format);
}

CacheGeometry cacheGeometry(const ModelConfig& config) {
    CacheGeometry geometry;
    for (const LayerConfig& layer : config.layers)
        geometry.layers.push_back({.owns = layer.ownsKv,
                                   .donor = layer.kvDonor,
                                   .kvHeads = layer.kvHeads,
                                   .headDim = layer.headDim,
                                   .window = layer.sliding ? config.slidingWindow : 0});
    return geometry;
}

int longestChunk(const ModelConfig& config) {
    const bool runs = config.seesImages() && config.bidirectional == Bidirectional::Vision;
    return runs ? std::max(kPrefillChunk, kLongestImageRun) : kPrefillChunk;
}

} // namespace lapidary::engine
