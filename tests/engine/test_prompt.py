import functools
import json
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionXLPipeline
from tiny_families import FAMILIES
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer, T5Tokenizer

from demo.engine.prompt import Reader, can_show, encode, numbers, principal
from demo.run.trace import normalised

VOCABULARY = frozenset("a blue red cat fox pizza on wearing hat".split())
PROMPTS = ["a red fox wearing hat", "A  Blue,\tcat!", "", "🦊 a portrait", "ｃａｔ on ﬁsh", "a red fox " * 12]
PIECES = ["c", "a", "t", "c</w>", "a</w>", "t</w>", "ca", "cat</w>", "<|startoftext|>", "<|endoftext|>"]


def clip_tokenizer() -> CLIPTokenizer:
    """CLIP's own tokenizer with an alphabet of three letters, two merges and the same end and padding."""
    vocabulary = {piece: number for number, piece in enumerate(PIECES)}
    return CLIPTokenizer(vocab=vocabulary, merges=[("c", "a"), ("ca", "t</w>")], model_max_length=8)


def clip_config(width: int) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(PIECES),
        hidden_size=width,
        intermediate_size=32,
        projection_dim=width,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=8,
        bos_token_id=8,
        eos_token_id=9,
        pad_token_id=9,
    )


@functools.cache
def t5_pipe(name: str):
    torch.manual_seed(0)
    return FAMILIES[name]()


@pytest.fixture(scope="module")
def two_encoders(pipe) -> StableDiffusionXLPipeline:
    """SDXL's pipeline with both of its encoders, as far as it is needed to read a prompt."""
    torch.manual_seed(0)
    return StableDiffusionXLPipeline(
        vae=pipe.vae,
        text_encoder=CLIPTextModel(clip_config(16)).eval(),
        text_encoder_2=CLIPTextModelWithProjection(clip_config(24)).eval(),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        unet=pipe.unet,
        scheduler=pipe.scheduler,
    )


@pytest.mark.parametrize("prompt", PROMPTS)
def test_tokens_are_the_tokenizers_own(pipe, prompt):
    shown = numbers(pipe, prompt, VOCABULARY)
    assert shown.prompt == normalised(prompt)
    prompt = shown.prompt
    own = pipe.tokenizer(prompt, padding="max_length", truncation=True)
    kept = shown.tokens[: len(own.input_ids)]
    assert [token.id for token in kept] == own.input_ids
    assert [token.text for token in kept] == pipe.tokenizer.convert_ids_to_tokens(own.input_ids)
    everything = pipe.tokenizer(prompt, add_special_tokens=False).input_ids
    assert [token.id for token in shown.tokens if token.span] == everything


@pytest.mark.parametrize("prompt", PROMPTS)
def test_vectors_are_what_the_pipeline_gives_its_denoiser(pipe, prompt):
    shown = numbers(pipe, prompt)
    with torch.inference_mode():
        own = pipe.encode_prompt(normalised(prompt), pipe.device, 1, False)[0][0].numpy()
    assert shown.vectors.dtype == np.float32 and np.array_equal(shown.vectors, own)
    np.testing.assert_allclose(shown.lengths, [np.sqrt((row.astype(np.float64) ** 2).sum()) for row in own], rtol=1e-6)


def test_each_token_says_what_it_is_and_what_was_typed_for_it(pipe):
    shown = numbers(pipe, "A red dragon!", VOCABULARY)
    told = [(shown.typed(token), token.kind, token.known) for token in shown.tokens]
    assert told[:6] == [
        ("", "start", True),
        ("A", "word", True),
        ("red", "word", True),
        ("dragon", "unknown", False),
        ("!", "unknown", False),
        ("", "end", True),
    ]
    assert told[6:] == [("", "padding", True)] * 10


def test_what_is_cut_for_length_comes_last_and_has_no_vector(pipe):
    shown = numbers(pipe, "a red fox on " * 4 + "pizza dragon", VOCABULARY)
    assert shown.vectors.shape == (16, 32) and len(shown.tokens) == 16 + 4
    assert shown.tokens[15].kind == "end"
    assert [(shown.typed(t), t.kind, t.known) for t in shown.tokens[16:]] == [
        ("fox", "cut", True),
        ("on", "cut", True),
        ("pizza", "cut", True),
        ("dragon", "cut", False),
    ]


def test_a_prompt_that_just_fits_loses_nothing(pipe):
    kinds = [token.kind for token in numbers(pipe, "a " * 14).tokens]
    assert kinds == ["start", *["word"] * 14, "end"]


def test_a_known_id_is_not_a_trained_word(pipe):
    shown = numbers(pipe, "a pizza", VOCABULARY - {"pizza"})
    assert [(token.kind, token.known) for token in shown.tokens[1:3]] == [("word", True), ("word", False)]
    assert all(token.known for token in numbers(pipe, "a pizza").tokens)  # no list: nothing to say against a word


def test_a_special_token_that_was_typed_is_shown_as_typed(pipe):
    shown = numbers(pipe, "a <end> fox")
    assert [(shown.typed(t), t.kind) for t in shown.tokens[1:5]] == [
        ("a", "word"),
        ("<end>", "word"),
        ("fox", "word"),
        ("", "end"),
    ]


def test_spans_count_code_points_of_the_normalised_prompt(pipe):
    shown = numbers(pipe, "🦊🦊 a \u0000ﬁ ｃａｔ")
    assert [token.span for token in shown.tokens if token.span] == [(0, 2), (3, 4), (5, 7), (8, 11)]
    assert shown.prompt == "🦊🦊 a fi cat" and [t.known for t in shown.tokens if t.span] == [False, True, False, True]


def test_clips_own_tokenizer_in_pieces_with_its_end_as_padding(two_encoders):
    shown = numbers(two_encoders, "cat tac", ["cat"])
    told = [(t.text, shown.typed(t), t.kind, t.known) for t in shown.tokens]
    assert told[:6] == [
        ("<|startoftext|>", "", "start", True),
        ("cat</w>", "cat", "word", True),
        ("t", "t", "word", False),
        ("a", "a", "word", False),
        ("c</w>", "c", "word", False),
        ("<|endoftext|>", "", "end", True),
    ]
    assert told[6:] == [("<|endoftext|>", "", "padding", True)] * 2
    assert [t.known for t in numbers(two_encoders, "tac", ["TAC"]).tokens[1:4]] == [True] * 3  # pieces of a known word


def test_of_two_encoders_the_first_is_shown_as_the_denoiser_gets_it(two_encoders):
    shown = numbers(two_encoders, "cat tac")
    with torch.inference_mode():
        own = two_encoders.encode_prompt("cat tac", device="cpu", do_classifier_free_guidance=False)[0][0].numpy()
    assert own.shape == (8, 40) and np.array_equal(shown.vectors, own[:, :16])
    assert shown.note == "This model reads the prompt with 2 text encoders; these are the numbers of the first."


def test_one_encoder_needs_no_note(pipe):
    assert numbers(pipe, "a cat").note is None and can_show(pipe) is None


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (SimpleNamespace(), "has no tokenizer"),
        (SimpleNamespace(tokenizer=1, text_encoder=None), "has no tokenizer"),
        (SimpleNamespace(tokenizer=1, text_encoder=torch.nn.Linear(1, 1)), "reads its prompt with a Linear"),
        (SimpleNamespace(tokenizer=1, text_encoder=CLIPTextModel(clip_config(16))), "does not say which letters"),
    ],
)
def test_a_model_that_cannot_be_shown_says_why_in_a_sentence(model, says):
    reason = can_show(model)
    assert says in reason and reason.endswith(".") and reason.count(". ") == 0
    with pytest.raises(ValueError, match=says):
        numbers(model, "a cat")


def test_the_pipelines_tokenizer_is_left_alone_and_readers_can_be_shared(pipe):
    before = json.loads(pipe.tokenizer.backend_tokenizer.to_str())
    reader, met = Reader(pipe, VOCABULARY), []
    threads = [threading.Thread(target=lambda: met.extend(reader.numbers(p) for p in PROMPTS * 5)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):  # what a run does meanwhile
        pipe.tokenizer("a red fox", padding="max_length", truncation=True)
        pipe.tokenizer("a red fox")
    for thread in threads:
        thread.join()
    assert len(met) == 4 * 5 * len(PROMPTS)
    Reader(pipe).numbers("a red fox " * 12)
    after = json.loads(pipe.tokenizer.backend_tokenizer.to_str())
    assert {k: v for k, v in after.items() if k not in ("padding", "truncation")} == {
        k: v for k, v in before.items() if k not in ("padding", "truncation")
    }


def test_the_atlas_holds_each_trained_word_as_encoded_after_an_article(pipe):
    atlas = Reader(pipe, VOCABULARY | {"dragon"}).atlas()  # the tokenizer has no id for the dragon
    assert atlas.kind == "words" and atlas.words == tuple(sorted(VOCABULARY))
    for word, vector in zip(atlas.words, atlas.vectors, strict=True):
        np.testing.assert_allclose(vector, numbers(pipe, f"a {word}").vectors[2], atol=1e-5)


def test_a_word_of_pieces_has_its_vector_at_the_last_of_them(two_encoders):
    atlas = Reader(two_encoders, ["cat", "tac"]).atlas()
    assert atlas.words == ("cat", "tac")
    np.testing.assert_allclose(atlas.vectors[0], numbers(two_encoders, "a cat").vectors[2], atol=1e-5)
    np.testing.assert_allclose(atlas.vectors[1], numbers(two_encoders, "a tac").vectors[4], atol=1e-5)


def test_without_a_word_list_the_atlas_is_the_table_of_embeddings(pipe, two_encoders):
    atlas = Reader(two_encoders).atlas()
    assert atlas.kind == "embeddings" and atlas.words == ("c", "a", "t", "cat")
    table = two_encoders.text_encoder.get_input_embeddings().weight.detach().numpy()
    assert np.array_equal(
        atlas.vectors, table[[PIECES.index(piece) for piece in ("c</w>", "a</w>", "t</w>", "cat</w>")]]
    )
    assert set(Reader(pipe).atlas().words) == VOCABULARY


def test_a_prompts_words_are_found_by_name(pipe, two_encoders):
    atlas, shown = Reader(pipe, VOCABULARY).atlas(), numbers(pipe, "A red dragon")
    assert [atlas.find(token) for token in shown.tokens[:6]] == [None, "a", "red", None, None, None]
    atlas, shown = Reader(two_encoders).atlas(), numbers(two_encoders, "CAT tac c")
    assert [atlas.find(token) for token in shown.tokens[:6]] == [None, "cat", None, None, None, "c"]


def test_neighbours_are_those_of_the_largest_cosine_from_the_centre(pipe):
    atlas = Reader(pipe, VOCABULARY).atlas()
    away = atlas.vectors.astype(np.float64) - atlas.vectors.astype(np.float64).mean(axis=0)
    fox = away[atlas.rows["fox"]]
    cosines = {w: v @ fox / np.linalg.norm(v) / np.linalg.norm(fox) for w, v in zip(atlas.words, away, strict=True)}
    order = sorted(cosines, key=cosines.get, reverse=True)
    near = atlas.neighbours("fox", 3)
    assert [word for word, _ in near] == order[1:4]  # not itself
    assert [cosine for _, cosine in near] == pytest.approx([cosines[word] for word in order[1:4]], abs=1e-5)
    assert atlas.neighbours(atlas.vectors[atlas.rows["fox"]], 1) == [("fox", pytest.approx(1, abs=1e-5))]
    assert len(atlas.neighbours("fox", 99)) == len(VOCABULARY) - 1
    with pytest.raises(KeyError):
        atlas.neighbours("dragon")


def test_the_map_is_numpys_svd_up_to_sign(pipe):
    atlas = Reader(pipe, VOCABULARY).atlas()
    centred = atlas.vectors.astype(np.float64) - atlas.vectors.mean(axis=0)
    left, values, right = np.linalg.svd(centred, full_matrices=False)
    for k in range(2):
        sign = np.sign(atlas.axes[k] @ right[k])
        np.testing.assert_allclose(atlas.axes[k], sign * right[k], atol=1e-4)
        np.testing.assert_allclose(atlas.map[:, k], sign * left[:, k] * values[k], atol=1e-4)
    assert atlas.explained == pytest.approx(values[:2] ** 2 / (values**2).sum(), abs=1e-5)


def test_a_word_is_placed_where_the_map_has_it(pipe):
    atlas = Reader(pipe, VOCABULARY).atlas()
    places = np.array([atlas.place(vector) for vector in atlas.vectors])
    np.testing.assert_allclose(places, atlas.map, atol=1e-5)
    assert atlas.map.dtype == np.float32


def test_an_axis_never_flips_and_no_spread_is_no_share():
    points = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)
    np.testing.assert_allclose(principal(points)[1], principal(points[::-1])[1], atol=1e-5)
    assert principal(np.ones((3, 4), np.float32))[2] == (0.0, 0.0)


def test_an_encoder_that_masks_its_padding_gets_the_mask(pipe):
    seen = {}

    class Masked:
        device, config = torch.device("cpu"), SimpleNamespace(use_attention_mask=True)

        def __call__(self, ids, attention_mask, output_hidden_states):
            seen["mask"] = attention_mask
            return pipe.text_encoder(ids, output_hidden_states=True)

        def get_input_embeddings(self):
            return pipe.text_encoder.get_input_embeddings()

    encode(SimpleNamespace(text_encoder=Masked()), [[1, 2, 0]], [[1, 1, 0]])
    assert seen["mask"].tolist() == [[1, 1, 0]]


@pytest.mark.parametrize("name", ["flux-dev", "pixart-sigma", "if"])
@pytest.mark.parametrize("prompt", ["a red fox wearing hat", "A blue, cat!", "", "a red fox " * 60])
def test_t5s_vectors_are_what_the_pipeline_gives_its_denoiser(name, prompt):
    pipe = t5_pipe(name)
    shown = numbers(pipe, prompt)
    with torch.inference_mode():
        if name == "flux-dev":
            own = pipe.encode_prompt(shown.prompt, None)[0][0]
        elif name == "if":
            own = pipe.encode_prompt(shown.prompt, do_classifier_free_guidance=False)[0][0]
        else:
            own = pipe.encode_prompt(shown.prompt, do_classifier_free_guidance=False, max_sequence_length=300)[0][0]
    assert shown.vectors.shape == own.shape and np.array_equal(shown.vectors, own.numpy())
    typed = "".join(shown.typed(token) for token in shown.tokens if token.span)
    assert typed == shown.prompt.replace(" ", "") and "both ways" in shown.note


def test_t5s_own_tokenizer_marks_where_a_word_begins():
    """A unigram tokenizer as T5's: a mark for the blank before a word, which belongs to no letters."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0), ("▁blue", -1.0), ("▁cat", -1.0), ("s", -2.0)]
    pipe = t5_pipe("pixart-sigma")
    pipe.tokenizer = T5Tokenizer(vocab=pieces, extra_ids=0)
    shown = numbers(pipe, "Blue cats")
    told = [(token.text, token.kind, shown.typed(token), token.whole) for token in shown.tokens[:5]]
    assert told == [
        ("▁blue", "word", "Blue", True),
        ("▁cat", "word", "cat", False),
        ("s", "word", "s", False),
        ("</s>", "end", "", True),
        ("<pad>", "padding", "", True),
    ]
    atlas = Reader(pipe).atlas()
    assert atlas.words == ("blue", "cat") and atlas.find(shown.tokens[0]) == "blue"
    assert atlas.find(shown.tokens[1]) is None  # a piece of "cats"
