#pragma once

#include <cstdint>

namespace lapidary::kernels {

/// A run of positions [begin, end).
struct KeyRange {
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

/// Queries that read the keys and values of one head, with what each of them sees.
struct QueryGroup {
    static constexpr int kMost = 16;

    const void* k = nullptr; ///< [capacity, kvHeads, headDim], already at the head
    const void* v = nullptr;
    bool bf16 = false;
    std::int64_t stride = 0; ///< numbers from one slot to the next
    std::int64_t capacity = 0;
    std::int64_t headDim = 0;
    int queries = 0;
    const float* q[kMost] = {};
    float* out[kMost] = {};
    KeyRange sees[kMost] = {}; ///< not empty
};

/// Some patches of an image as queries, all of them as keys and values, in one head.
struct PatchQueries {
    const float* q; ///< the head in the first of them
    const float* k; ///< the head in the first patch
    const float* v;
    float* out;
    std::int64_t stride; ///< from patch to patch
    std::int64_t headDim;
    std::int64_t queries;
    std::int64_t patches;
};

} // namespace lapidary::kernels
