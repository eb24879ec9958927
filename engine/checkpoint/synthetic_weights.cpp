#include "checkpoint/synthetic_weights.h"

#include <kernels/assert.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <random>

namespace lapidary::engine {

namespace {

// A whole number of pages that is no multiple of a row: rows of one matrix differ.
constexpr std::size_t kPage = 4096;
constexpr std::size_t kBlock = 8209 * kPage;

/// With this spread a product of a normed row of 4000 is about 1.3 in size.
constexpr float kSpread = 0.02F;

std::size_t bytesOf(const TensorSpec& spec) {
    return static_cast<std::size_t>(spec.elements()) * 2;
}

/// Normal numbers in BF16, drawn from a table of 65536: quick, and as good for the purpose.
void fillNormal(std::span<std::byte> bytes) {
    std::mt19937_64 random(1);
    std::normal_distribution<float> normal(0, kSpread);
    std::vector<std::uint16_t> table(65536);
    for (std::uint16_t& number : table)
        number = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(normal(random)) >> 16U);
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
        const std::uint64_t four = random();
        const std::array<std::uint16_t, 4> numbers = {
            table[four & 0xFFFFU], table[four >> 16U & 0xFFFFU], table[four >> 32U & 0xFFFFU],
            table[four >> 48U]};
        std::memcpy(&bytes[at], numbers.data(), 8);
    }
}

} // namespace

Expected<void> SyntheticWeights::check(std::span<const TensorSpec> specs) {
    std::size_t longest = 0;
    for (const TensorSpec& spec : specs)
        if (spec.use == TensorUse::Matrix)
            longest = std::max(longest, bytesOf(spec));
    auto block = RepeatedBlock::make(kBlock, longest + kBlock, fillNormal);
    if (!block)
        return std::unexpected(block.error());
    block_ = std::move(*block);
    return {};
}

kernels::WeightFormat SyntheticWeights::weightFormat(const TensorSpec&) const {
    return kernels::WeightFormat::BF16;
}

Expected<kernels::WeightSource> SyntheticWeights::weight(const TensorSpec& spec) const {
    LAPIDARY_ASSERT(spec.shape.size() == 2 || spec.shape.size() == 3);
    const std::size_t begin = std::hash<std::string>{}(spec.name) % (kBlock / kPage) * kPage;
    return kernels::WeightSource{.format = kernels::WeightFormat::BF16,
                                 .experts = spec.shape.size() == 3 ? spec.shape.front() : 1,
                                 .rows = spec.shape[spec.shape.size() - 2],
                                 .columns = spec.shape.back(),
                                 .data = block_->bytes().subspan(begin, bytesOf(spec)),
                                 .owner =
                                     spec.part == TensorPart::PerLayerTable ? block_ : nullptr};
}

std::vector<float> SyntheticWeights::values(const TensorSpec& spec) const {
    return std::vector<float>(static_cast<std::size_t>(spec.elements()), 1.0F);
}

} // namespace lapidary::engine
