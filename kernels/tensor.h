#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace lapidary::kernels {

/// Element types of activations, caches and small tensors. Packed weights have a WeightFormat
/// instead.
enum class DType : std::uint8_t { F32, BF16, I32 };

[[nodiscard]] constexpr std::size_t sizeOf(DType type) {
    return type == DType::BF16 ? 2 : 4;
}

/// A view of memory that somebody else owns (a Buffer, a mapped file): pointer, element type,
/// shape. Contiguous, row-major, at most four dimensions. The memory lives on the device of the
/// backend that the tensor is given to. Copying a Tensor copies the view.
struct Tensor {
    void* data = nullptr;
    DType dtype = DType::F32;
    int rank = 0;
    std::array<std::int64_t, 4> shape = {};

    Tensor() = default;
    Tensor(void* memory, DType type, std::initializer_list<std::int64_t> dimensions)
        : data(memory), dtype(type) {
        for (const std::int64_t dimension : dimensions)
            shape[static_cast<std::size_t>(rank++)] = dimension;
    }

    [[nodiscard]] bool empty() const { return data == nullptr; }

    [[nodiscard]] std::int64_t rows() const { return rank == 0 ? 0 : shape[0]; }

    /// Elements of one row: the product of all dimensions but the first.
    [[nodiscard]] std::int64_t rowSize() const {
        std::int64_t size = 1;
        for (int d = 1; d < rank; ++d)
            size *= shape[static_cast<std::size_t>(d)];
        return size;
    }

    [[nodiscard]] std::int64_t elements() const { return rank == 0 ? 0 : rows() * rowSize(); }

    [[nodiscard]] std::size_t bytes() const {
        return static_cast<std::size_t>(elements()) * sizeOf(dtype);
    }

    /// The rows [begin, begin + count) as a view.
    [[nodiscard]] Tensor slice(std::int64_t begin, std::int64_t count) const {
        Tensor view = *this;
        view.data = static_cast<std::byte*>(data)
                    + static_cast<std::size_t>(begin * rowSize()) * sizeOf(dtype);
        view.shape[0] = count;
        return view;
    }

    /// The same memory under another shape of as many elements.
    [[nodiscard]] Tensor as(std::initializer_list<std::int64_t> dimensions) const {
        return {data, dtype, dimensions};
    }
};

} // namespace lapidary::kernels
