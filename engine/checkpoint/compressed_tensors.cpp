#include "checkpoint/fp8_tensors.h"
#include "checkpoint/weight_reader.h"

#include <format>

namespace lapidary::engine {

namespace {

constexpr std::string_view kScale = "_scale";
constexpr std::string_view kWeight = ".weight";

std::unexpected<Error> missing(const std::string& name, const StoredTensor& other) {
    return fail(ErrorKind::Corrupt,
                std::format("The tensor {} is missing, and {} is in {}: download the model's "
                            "weights again.",
                            name, other.ownName, other.fileName));
}

} // namespace

Expected<Fp8Tensors> findCompressedTensors(const TensorStore& store, bool quantisedInput) {
    Fp8Tensors found;
    for (const auto& [name, stored] : store.tensors()) {
        if (name.ends_with(std::format("{}{}", kWeight, kScale))) {
            const std::string weight = name.substr(0, name.size() - kScale.size());
            const StoredTensor* const codes = store.find(weight);
            if (codes == nullptr)
                return missing(weight, stored);
            if (codes->view.type != StoredType::F8E4M3)
                return failToRead(
                    std::format("compressed-tensors in {}", nameOf(codes->view.type)));
            const std::string module = weight.substr(0, weight.size() - kWeight.size());
            if (store.find(module + ".input_scale") != nullptr)
                return failToRead("FP8 with static input scales");
            found.emplace(
                weight,
                Fp8Tensor{.codes = codes, .scales = &stored, .quantisedInput = quantisedInput});
        } else if (name.ends_with(kWeight) && stored.view.type == StoredType::F8E4M3
                   && store.find(std::format("{}{}", name, kScale)) == nullptr) {
            return missing(std::format("{}{}", name, kScale), stored);
        }
    }
    return found;
}

} // namespace lapidary::engine
