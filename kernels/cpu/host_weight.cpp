#include "cpu/host_weight.h"

#include "assert.h"
#include "cpu/host_memory.h"

#include <cstring>

namespace lapidary::kernels {

Expected<Weight> packHost(const WeightSource& source) {
    LAPIDARY_ASSERT(source.experts > 0 && source.rows > 0 && source.columns > 0);
    LAPIDARY_ASSERT(source.data.size()
                    == static_cast<std::size_t>(source.experts * source.rows * source.columns)
                           * elementSize(source.format));
    auto packed = std::make_shared<HostWeight>();
    if (source.owner != nullptr) {
        packed->data = source.data.data();
        packed->owner = source.owner;
    } else {
        Expected<Buffer> copy = allocateHost(source.data.size());
        if (!copy)
            return std::unexpected(std::move(copy.error()));
        std::memcpy(copy->memory.get(), source.data.data(), source.data.size());
        packed->data = static_cast<const std::byte*>(copy->memory.get());
        packed->owner = std::move(copy->memory);
    }
    return Weight(source.format, source.experts, source.rows, source.columns, std::move(packed));
}

const std::byte* matrixOf(const Weight& weight, std::int64_t expert) {
    LAPIDARY_ASSERT(!weight.empty() && expert >= 0 && expert < weight.experts());
    const auto& packed = static_cast<const HostWeight&>(weight.packed());
    return packed.data
           + static_cast<std::size_t>(expert * weight.rows() * weight.columns())
                 * elementSize(weight.format());
}

} // namespace lapidary::kernels
