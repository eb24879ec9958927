#pragma once

#include "json/fields.h"

/// The largest sizes a configuration may name: far above every released model, and small enough
/// that no product of them (a tensor's bytes, a cache's) leaves 63 bits.
namespace lapidary::engine::limits {

inline constexpr Range kLayers = {1, 1 << 10};
inline constexpr Range kHidden = {1, 1 << 17};
inline constexpr Range kMlpWidth = {1, 1 << 20};
inline constexpr Range kHeads = {1, 1 << 10};
inline constexpr Range kHeadDim = {2, 1 << 13};
inline constexpr Range kVocabulary = {1, 1 << 26};
inline constexpr Range kContext = {1, 1 << 24};
inline constexpr Range kExperts = {1, 1 << 12};
inline constexpr Range kExpertWidth = {1, 1 << 18};
inline constexpr Range kPositions = {1, 1 << 20};
inline constexpr Range kPatch = {1, 256};
inline constexpr Range kPooling = {1, 16};
inline constexpr Range kToken = {0, 1 << 26};

} // namespace lapidary::engine::limits
