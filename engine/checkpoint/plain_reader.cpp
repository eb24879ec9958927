#include "checkpoint/plain_reader.h"

#include "checkpoint/tensor_names.h"
#include "checkpoint/widen.h"

#include <kernels/assert.h>

#include <algorithm>
#include <format>
#include <memory>
#include <utility>
#include <vector>

namespace lapidary::engine {

namespace {

bool isFloating(StoredType type) {
    return type == StoredType::F32 || type == StoredType::F16 || type == StoredType::BF16;
}

/// The type that a stored matrix has when it is packed.
StoredType packedType(StoredType stored) {
    return stored == StoredType::F16 ? StoredType::F32 : stored;
}

/// A scalar may be stored as [] or as [1].
bool sameShape(std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
    const auto isOne = [](std::int64_t dimension) { return dimension == 1; };
    const bool scalars = a.size() <= 1 && b.size() <= 1 && std::ranges::all_of(a, isOne)
                         && std::ranges::all_of(b, isOne);
    return scalars || std::ranges::equal(a, b);
}

/// Tensors that some writers add and no model reads.
bool isKnownExtra(std::string_view name) {
    return isAudioTensor(name) || name.ends_with(".rotary_emb.inv_freq");
}

} // namespace

std::string PlainReader::format() const {
    std::string text;
    for (const StoredType type : matrixTypes_)
        text += (text.empty() ? "" : " and ") + std::string(nameOf(type));
    return text;
}

Expected<void> PlainReader::check(std::span<const TensorSpec> specs) {
    for (const TensorSpec& spec : specs)
        if (Expected<void> checked = checkSpec(spec); !checked)
            return checked;
    return checkNothingElse();
}

Expected<void> PlainReader::checkSpec(const TensorSpec& spec) {
    known_.insert(spec.name);
    const StoredTensor* const stored = store_.find(spec.name);
    if (stored == nullptr && spec.use == TensorUse::Ignored)
        return {};
    if (stored == nullptr && spec.part == TensorPart::Experts && spec.shape.size() == 3)
        return checkExperts(spec);
    if (stored == nullptr)
        return fail(ErrorKind::Corrupt,
                    std::format("The tensor {} is missing: download the model's weights again.",
                                spec.name));
    return checkStored(spec, *stored, spec.shape);
}

Expected<void> PlainReader::checkExperts(const TensorSpec& spec) {
    const std::int64_t rows = spec.shape[1] / expertTensorParts(spec.name);
    const std::int64_t shape[] = {rows, spec.shape[2]};
    Expected<void> result;
    int present = 0;
    std::string missing;
    const StoredTensor* first = nullptr;
    for (const std::string& name : expertTensorNames(spec.name, spec.shape[0])) {
        const StoredTensor* const stored = store_.find(name);
        if (stored == nullptr) {
            missing = missing.empty() ? name : missing;
            continue;
        }
        ++present;
        known_.insert(name);
        first = first == nullptr ? stored : first;
        if (result)
            result = checkStored(spec, *stored, shape);
        if (result && stored->view.type != first->view.type)
            result = fail(ErrorKind::Corrupt,
                          std::format("The tensors {} and {} are stored as {} and {}: download the "
                                      "model's weights again.",
                                      first->ownName, name, nameOf(first->view.type),
                                      nameOf(stored->view.type)));
    }
    if (!result || missing.empty())
        return result;
    if (present == 0)
        missing = spec.name;
    return fail(ErrorKind::Corrupt,
                std::format("The tensor {} is missing, and num_experts in config.json is {}: "
                            "download the model's weights again.",
                            missing, spec.shape[0]));
}

Expected<void> PlainReader::checkStored(const TensorSpec& spec, const StoredTensor& stored,
                                        std::span<const std::int64_t> shape) {
    // Redundant K/V may have any shape; a written-out head must be the embedding's.
    if (spec.use == TensorUse::Ignored && spec.part != TensorPart::Embedding)
        return {};
    if (!sameShape(stored.view.shape, shape))
        return fail(ErrorKind::Corrupt,
                    std::format("The tensor {} in {} is {}, and config.json makes it {} = {}: "
                                "download both again.",
                                stored.ownName, stored.fileName, describeShape(stored.view.shape),
                                spec.sizes, describeShape(shape)));
    if (spec.use == TensorUse::Ignored)
        return {};
    if (!isFloating(stored.view.type))
        return fail(ErrorKind::Unsupported,
                    std::format("The tensor {} in {} is stored as {}, which Lapidary does not read "
                                "yet: choose the model in BF16.",
                                stored.ownName, stored.fileName, nameOf(stored.view.type)));
    if (spec.use == TensorUse::Matrix)
        matrixTypes_.insert(stored.view.type);
    return {};
}

Expected<void> PlainReader::checkNothingElse() const {
    const StoredTensor* first = nullptr;
    int count = 0;
    for (const auto& [name, stored] : store_.tensors()) {
        if (known_.contains(name) || isKnownExtra(name))
            continue;
        first = first == nullptr ? &stored : first;
        ++count;
    }
    if (first == nullptr)
        return {};
    const std::string more = count > 1 ? std::format(" (and {} more)", count - 1) : "";
    return fail(ErrorKind::Unsupported,
                std::format("The tensor {}{} in {} belongs to no model that config.json describes: "
                            "choose a checkpoint of the Gemma 4 family as its makers saved it.",
                            first->ownName, more, first->fileName));
}

kernels::WeightFormat PlainReader::weightFormat(const TensorSpec& spec) const {
    const StoredTensor* stored = store_.find(spec.name);
    if (stored == nullptr)
        stored = store_.find(expertTensorName({.stack = spec.name}));
    LAPIDARY_ASSERT(stored != nullptr);
    return stored->view.type == StoredType::BF16 ? kernels::WeightFormat::BF16
                                                 : kernels::WeightFormat::F32;
}

Expected<kernels::WeightSource> PlainReader::weight(const TensorSpec& spec) const {
    kernels::WeightSource source;
    const std::size_t rank = spec.shape.size();
    LAPIDARY_ASSERT(rank == 2 || rank == 3);
    source.experts = rank == 3 ? spec.shape[0] : 1;
    source.rows = spec.shape[rank - 2];
    source.columns = spec.shape[rank - 1];

    std::vector<const TensorView*> parts;
    const auto append = [&](const std::string& name) {
        const StoredTensor* const stored = store_.find(name);
        LAPIDARY_ASSERT(stored != nullptr);
        parts.push_back(&stored->view);
    };
    if (store_.find(spec.name) != nullptr)
        append(spec.name);
    else
        std::ranges::for_each(expertTensorNames(spec.name, spec.shape[0]), append);

    const StoredType type = parts.front()->type;
    source.format =
        type == StoredType::BF16 ? kernels::WeightFormat::BF16 : kernels::WeightFormat::F32;
    if (parts.size() == 1 && type != StoredType::F16) {
        source.data = parts.front()->bytes;
        source.owner = parts.front()->owner;
        return source;
    }
    if (type != StoredType::F16) { // experts that are kept apart stay there
        auto owners = std::make_shared<std::vector<std::shared_ptr<const void>>>();
        for (const TensorView* const part : parts) {
            source.parts.push_back(part->bytes);
            owners->push_back(part->owner);
        }
        source.owner = std::move(owners);
        return source;
    }
    const std::size_t bytes = static_cast<std::size_t>(spec.elements()) * sizeOf(packedType(type));
    const auto memory = std::make_shared_for_overwrite<std::byte[]>(bytes);
    std::span<std::byte> rest(memory.get(), bytes);
    for (const TensorView* const part : parts) {
        const std::span<std::byte> place =
            rest.first(static_cast<std::size_t>(part->elements()) * sizeOf(packedType(type)));
        widenToF32(*part, place);
        rest = rest.subspan(place.size());
    }
    source.data = {memory.get(), bytes};
    source.owner = memory;
    return source;
}

std::vector<float> PlainReader::values(const TensorSpec& spec) const {
    const StoredTensor* const stored = store_.find(spec.name);
    LAPIDARY_ASSERT(stored != nullptr);
    std::vector<float> values(static_cast<std::size_t>(spec.elements()));
    widenToF32(stored->view, std::as_writable_bytes(std::span(values)));
    return values;
}

} // namespace lapidary::engine
