#include "checkpoint/fp8_reader.h"

#include "checkpoint/tensor_names.h"
#include "checkpoint/widen.h"

#include <kernels/assert.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <format>
#include <utility>

namespace lapidary::engine {

namespace {

bool isFloating(StoredType type) {
    return type == StoredType::F32 || type == StoredType::F16 || type == StoredType::BF16;
}

std::unexpected<Error> failShape(const StoredTensor& stored, const std::string& expected) {
    return fail(ErrorKind::Corrupt, std::format("The tensor {} in {} is {}, and must be {}: "
                                                "download the model's weights again.",
                                                stored.ownName, stored.fileName,
                                                describeShape(stored.view.shape), expected));
}

/// Scales of blocks of 128 × 128 (formats.md 5.2).
bool isBlockwise(std::span<const std::int64_t> codes, std::span<const std::int64_t> scales) {
    const auto blocks = [](std::int64_t size) { return (size + 127) / 128; };
    return codes.size() == 2 && scales.size() == 2 && scales[0] == blocks(codes[0])
           && scales[1] == blocks(codes[1]);
}

Expected<void> checkPart(const TensorSpec& spec, const Fp8Tensor& part,
                         std::span<const std::int64_t> shape) {
    const StoredTensor& codes = *part.codes;
    const StoredTensor& scales = *part.scales;
    if (!std::ranges::equal(codes.view.shape, shape))
        return failShape(codes,
                         std::format("{} = {} by config.json", spec.sizes, describeShape(shape)));
    if (codes.view.type != StoredType::F8E4M3)
        return failToRead(std::format("FP8 in {}", nameOf(codes.view.type)));
    std::vector<std::int64_t> perRow(shape.begin(), shape.end());
    perRow.back() = 1;
    if (scales.view.elements() != 1 && scales.view.shape != perRow) {
        if (isBlockwise(shape, scales.view.shape))
            return failToRead("FP8_BLOCK");
        return failShape(scales, describeShape(perRow));
    }
    if (!isFloating(scales.view.type))
        return fail(ErrorKind::Corrupt,
                    std::format("The tensor {} in {} is stored as {}, and scales are numbers: "
                                "download the model's weights again.",
                                scales.ownName, scales.fileName, nameOf(scales.view.type)));
    return {};
}

/// Appends the scales of the rows of one part.
Expected<void> appendScales(const Fp8Tensor& part, std::vector<float>& scales) {
    const TensorView& view = part.scales->view;
    std::vector<float> own(static_cast<std::size_t>(view.elements()));
    widenToF32(view, std::as_writable_bytes(std::span(own)));
    for (const float scale : own)
        if (!std::isfinite(scale) || scale < 0)
            return fail(ErrorKind::Corrupt,
                        std::format("The tensor {} in {} has the scale {}, and scales are finite "
                                    "and not negative: download the model's weights again.",
                                    part.scales->ownName, part.scales->fileName, scale));
    const TensorView& codes = part.codes->view;
    const auto rows = static_cast<std::size_t>(codes.elements() / codes.shape.back());
    if (own.size() == 1)
        own.resize(rows, own.front());
    scales.insert(scales.end(), own.begin(), own.end());
    return {};
}

/// What a source points to.
struct Memory {
    std::vector<float> scales;
    std::vector<std::shared_ptr<const void>> mappings;
};

} // namespace

std::vector<const Fp8Tensor*> Fp8Reader::partsOf(const TensorSpec& spec) const {
    const auto find = [&](const std::string& name) -> const Fp8Tensor* {
        const auto found = tensors_.find(name);
        return found == tensors_.end() ? nullptr : &found->second;
    };
    if (const Fp8Tensor* const whole = find(spec.name))
        return {whole};
    if (spec.part != TensorPart::Experts || spec.shape.size() != 3)
        return {};
    std::vector<const Fp8Tensor*> parts;
    for (const std::string& name : expertTensorNames(spec.name, spec.shape[0]))
        parts.push_back(find(name));
    const bool none = std::ranges::all_of(parts, [](const auto* part) { return part == nullptr; });
    return none ? std::vector<const Fp8Tensor*>() : parts;
}

Expected<void> Fp8Reader::check(std::span<const TensorSpec> specs) {
    std::vector<TensorSpec> plain;
    std::set<std::string, std::less<>> known;
    for (const TensorSpec& spec : specs) {
        const std::vector<const Fp8Tensor*> parts = partsOf(spec);
        if (parts.empty()) {
            plain.push_back(spec);
            continue;
        }
        if (Expected<void> checked = checkParts(spec, parts); !checked)
            return checked;
        known.insert(spec.name);
        for (const Fp8Tensor* const part : parts)
            for (const StoredTensor* const stored : {part->codes, part->scales})
                known.insert(canonicalTensorName(stored->ownName));
    }
    // Scales of an FP8 cache, which ours is not.
    for (const auto& [name, stored] : store_.tensors())
        if (name.ends_with(".self_attn.k_scale") || name.ends_with(".self_attn.v_scale"))
            known.insert(name);
    plain_.addKnown(std::move(known));
    return plain_.check(plain);
}

Expected<void> Fp8Reader::checkParts(const TensorSpec& spec,
                                     std::span<const Fp8Tensor* const> parts) {
    if (const auto missing = std::ranges::find(parts, nullptr); missing != parts.end()) {
        const std::vector<std::string> names = expertTensorNames(spec.name, spec.shape[0]);
        return fail(ErrorKind::Corrupt,
                    std::format("The tensor {} is missing or not quantised as other experts are: "
                                "download the model's weights again.",
                                names[static_cast<std::size_t>(missing - parts.begin())]));
    }
    if (spec.use == TensorUse::Ignored)
        return {};
    // Rows of the tables are cut and scaled in ways that know no codes, and no writer makes any.
    if (spec.use == TensorUse::Values || spec.part == TensorPart::Embedding
        || spec.part == TensorPart::PerLayerTable)
        return fail(ErrorKind::Unsupported,
                    std::format("The tensor {} in {} is quantised, which Lapidary does not read: "
                                "choose the model in BF16.",
                                parts.front()->codes->ownName, parts.front()->codes->fileName));
    std::vector<std::int64_t> shape = spec.shape;
    if (parts.size() > 1)
        shape = {spec.shape[1] / expertTensorParts(spec.name), spec.shape[2]};
    else if (shape.size() == 3 && parts.front()->codes->view.shape.size() == 2)
        shape.erase(shape.begin()); // the only expert, kept apart
    for (const Fp8Tensor* const part : parts) {
        if (Expected<void> checked = checkPart(spec, *part, shape); !checked)
            return checked;
        if (part->quantisedInput != parts.front()->quantisedInput)
            return fail(ErrorKind::Unsupported,
                        std::format("The tensors {} and {} take their inputs in two ways, which "
                                    "Lapidary does not run: choose the model in BF16.",
                                    parts.front()->codes->ownName, part->codes->ownName));
    }
    return {};
}

kernels::WeightFormat Fp8Reader::weightFormat(const TensorSpec& spec) const {
    return partsOf(spec).empty() ? plain_.weightFormat(spec) : kernels::WeightFormat::Fp8;
}

Expected<kernels::WeightSource> Fp8Reader::weight(const TensorSpec& spec) const {
    const std::vector<const Fp8Tensor*> parts = partsOf(spec);
    if (parts.empty())
        return plain_.weight(spec);
    const auto memory = std::make_shared<Memory>();
    for (const Fp8Tensor* const part : parts)
        if (Expected<void> appended = appendScales(*part, memory->scales); !appended)
            return std::unexpected(appended.error());
    const std::size_t rank = spec.shape.size();
    kernels::WeightSource source{.format = kernels::WeightFormat::Fp8,
                                 .experts = rank == 3 ? spec.shape[0] : 1,
                                 .rows = spec.shape[rank - 2],
                                 .columns = spec.shape[rank - 1],
                                 .data = parts.front()->codes->view.bytes,
                                 .owner = memory,
                                 .scales = memory->scales,
                                 .quantisedInput = parts.front()->quantisedInput};
    memory->mappings = {parts.front()->codes->view.owner};
    if (parts.size() > 1) {
        source.data = {};
        for (const Fp8Tensor* const part : parts) {
            source.parts.push_back(part->codes->view.bytes);
            memory->mappings.push_back(part->codes->view.owner);
        }
    }
    return source;
}

std::vector<float> Fp8Reader::values(const TensorSpec& spec) const {
    return plain_.values(spec);
}

} // namespace lapidary::engine
