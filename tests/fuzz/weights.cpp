#include "checkpoint/fp8_reader.h"
#include "checkpoint/tensor_store.h"

#include <kernels/assert.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace lapidary;
using namespace lapidary::engine;

namespace {

/// A model of one matrix, one stack of experts and one norm.
const std::vector<TensorSpec> kSpecs = {
    {.name = "model.language_model.layers.0.mlp.up_proj.weight",
     .shape = {4, 8},
     .part = TensorPart::Mlp,
     .use = TensorUse::Matrix,
     .sizes = {}},
    {.name = "model.language_model.layers.0.experts.gate_up_proj",
     .shape = {2, 6, 4},
     .part = TensorPart::Experts,
     .use = TensorUse::Matrix,
     .sizes = {}},
    {.name = "model.language_model.norm.weight", .shape = {4}, .sizes = {}},
};

/// A folder that goes with the process.
class Folder {
public:
    Folder() {
        std::string name = std::filesystem::temp_directory_path() / "lapidary_fuzz_XXXXXX";
        LAPIDARY_ASSERT(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

void writeFile(const std::filesystem::path& path, std::string_view header, std::string_view data) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    const std::uint64_t length = header.size();
    file.write(reinterpret_cast<const char*>(&length), sizeof length);
    file << header << data;
}

/// What a reader accepts it can read: as many numbers as the shape has, and a scale for each row.
void read(const TensorStore& store, Expected<Fp8Tensors> tensors) {
    if (!tensors) {
        LAPIDARY_ASSERT(!tensors.error().sentence.empty());
        return;
    }
    Fp8Reader reader(store, std::move(*tensors), "FP8");
    if (const auto checked = reader.check(kSpecs); !checked) {
        LAPIDARY_ASSERT(!checked.error().sentence.empty());
        return;
    }
    for (const TensorSpec& spec : kSpecs) {
        const auto elements = static_cast<std::size_t>(spec.elements());
        if (spec.use == TensorUse::Values) {
            LAPIDARY_ASSERT(reader.values(spec).size() == elements);
            continue;
        }
        const auto source = reader.weight(spec);
        if (!source) {
            LAPIDARY_ASSERT(!source.error().sentence.empty());
            continue;
        }
        LAPIDARY_ASSERT(source->format == reader.weightFormat(spec));
        LAPIDARY_ASSERT(source->bytes() == elements * elementSize(source->format));
        const bool fp8 = source->format == kernels::WeightFormat::Fp8;
        LAPIDARY_ASSERT(std::ssize(source->scales) == (fp8 ? source->experts * source->rows : 0));
        for (const float scale : source->scales)
            LAPIDARY_ASSERT(std::isfinite(scale) && scale >= 0);
        std::size_t sum = 0; // every byte can be read
        for (const std::span<const std::byte> place : source->places())
            for (const std::byte byte : place)
                sum += std::to_integer<std::size_t>(byte);
        LAPIDARY_ASSERT(sum <= 255 * source->bytes());
    }
}

} // namespace

/// The input as the header of a safetensors file without its length, and behind the first zero the
/// values: what torchao and compressed-tensors make of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Folder folder;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t end = std::min(text.find('\0'), size);
    writeFile(folder.path() / "model.safetensors", text.substr(0, end),
              text.substr(std::min(end + 1, size)));
    const auto store = TensorStore::open(folder.path());
    if (!store) {
        LAPIDARY_ASSERT(!store.error().sentence.empty());
        return 0;
    }
    read(*store, findTorchao(*store));
    read(*store, findCompressedTensors(*store, true));
    return 0;
}
