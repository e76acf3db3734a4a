"""Names that belong to text generation; a configuration that has attributes of these names loses them on 5.x."""

_NAMES = """max_length max_new_tokens min_length min_new_tokens early_stopping do_sample num_beams num_beam_groups
    diversity_penalty temperature top_k top_p typical_p repetition_penalty length_penalty no_repeat_ngram_size
    encoder_no_repeat_ngram_size bad_words_ids num_return_sequences output_scores return_dict_in_generate
    forced_bos_token_id forced_eos_token_id remove_invalid_values exponential_decay_length_penalty suppress_tokens
    begin_suppress_tokens"""
# Defaults that 5.x's GenerationConfig pops out of a configuration; the same set as 4.x warns about.
PARAMETERS = frozenset(_NAMES.split())
