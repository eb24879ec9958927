#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lapidary::engine {

using TokenId = std::int32_t;

/// The 24 tokens that steer a Gemma 4 conversation (gemma4.md 6.2).
enum class Special : std::uint8_t {
    Pad,
    Eos,
    Bos,
    Unknown,
    Mask,
    ToolBegin, ///< a declaration
    ToolEnd,
    CallBegin,
    CallEnd,
    ResponseBegin, ///< ends a generation: the model waits for results
    ResponseEnd,
    Quote, ///< around strings of declarations, calls and responses
    Think, ///< switches thinking on
    ChannelBegin,
    ChannelEnd,
    TurnBegin,
    TurnEnd,
    ImageBegin,
    ImageEnd,
    AudioBegin,
    AudioEnd,
    ImageSoft,
    AudioSoft,
    VideoSoft,
};

inline constexpr std::size_t kSpecialCount = 24;

/// The text of a special token, the same in every vocabulary: "<|turn>".
[[nodiscard]] std::string_view specialName(Special special);

/// The special token of that text, if it is one.
[[nodiscard]] std::optional<Special> specialNamed(std::string_view name);

inline constexpr TokenId kNoToken = -1;

/// Where a vocabulary keeps its special tokens. Bos, Eos, Unknown, TurnBegin and TurnEnd are always
/// there; others may be absent (kNoToken, which equals no token).
class SpecialTokens {
public:
    constexpr SpecialTokens() { ids_.fill(kNoToken); }

    constexpr TokenId operator[](Special special) const {
        return ids_[static_cast<std::size_t>(special)];
    }
    [[nodiscard]] constexpr bool has(Special special) const { return (*this)[special] != kNoToken; }
    constexpr void set(Special special, TokenId id) {
        ids_[static_cast<std::size_t>(special)] = id;
    }

    /// Which special token an id is.
    [[nodiscard]] std::optional<Special> kind(TokenId id) const;

private:
    std::array<TokenId, kSpecialCount> ids_{};
};

} // namespace lapidary::engine
