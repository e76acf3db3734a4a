"""Names of transformers that not every supported version has, measured by importing them."""

VERSIONS = ("4.44.2", "4.57.6", "5.0.0", "5.23.0")

# One letter a version, y where the name can be imported; then module and names, * for the module itself.
_TABLE = {
    "ynnn": """
        transformers AdamW BeamSearchScorer LogitsWarper
        transformers.cache_utils MambaCache
        transformers.deepspeed *
        transformers.generation BeamSearchScorer LogitsWarper
        transformers.modeling_utils Conv1D GenerationMixin ModelOutput PoolerEndLogits SQuADHead SequenceSummary Tuple
        transformers.modeling_utils apply_chunking_to_forward dtype_byte_size find_pruneable_heads_and_indices
        transformers.modeling_utils prune_linear_layer
        transformers.models.clip.modeling_clip CLIPFlashAttention2
        transformers.models.llama.modeling_llama LLAMA_ATTENTION_CLASSES LlamaDynamicNTKScalingRotaryEmbedding
        transformers.models.llama.modeling_llama LlamaFlashAttention2 LlamaLinearScalingRotaryEmbedding
        transformers.models.llama.modeling_llama LlamaSdpaAttention
        transformers.models.vit.modeling_vit ViTSdpaAttention
        transformers.optimization AdamW
        transformers.utils cached_property get_file_from_repo send_example_telemetry
        transformers.utils.generic cached_property
        transformers.utils.hub get_file_from_repo""",
    "yynn": """
        transformers AutoModelForVision2Seq AutoModelWithLMHead CLIPFeatureExtractor ViTFeatureExtractor
        transformers FlaxPreTrainedModel TFPreTrainedModel HybridCache SlidingWindowCache SpecialTokensMixin
        transformers RetriBertModel TransfoXLModel VanModel is_tf_available load_tf_weights_in_bert prune_layer
        transformers SummarizationPipeline Text2TextGenerationPipeline TranslationPipeline
        transformers.cache_utils HybridCache OffloadedCache SinkCache
        transformers.generation BeamScorer ConstrainedBeamSearchScorer GreedySearchDecoderOnlyOutput
        transformers.generation SampleDecoderOnlyOutput
        transformers.generation.utils GreedySearchOutput SampleOutput
        transformers.modeling_utils PretrainedConfig _init_weights get_parameter_dtype no_init_weights
        transformers.models.bert.modeling_bert BertSdpaSelfAttention load_tf_weights_in_bert
        transformers.models.roberta.modeling_roberta create_position_ids_from_input_ids
        transformers.onnx *
        transformers.onnx.utils *
        transformers.processing_utils CommonKwargs
        transformers.pytorch_utils find_pruneable_heads_and_indices prune_layer
        transformers.tokenization_utils Trie
        transformers.utils TRANSFORMERS_CACHE get_full_repo_name infer_framework is_flax_available is_jax_tensor
        transformers.utils is_offline_mode is_remote_url is_safetensors_available is_tf_available is_tf_tensor
        transformers.utils is_torch_fx_available is_torch_sdpa_available
        transformers.utils.fx *
        transformers.utils.hub http_get
        transformers.utils.import_utils is_torch_fx_available
        transformers.utils.model_parallel_utils *""",
    "yyyn": """
        transformers MambaCache
        transformers.modeling_utils Optional is_flash_attn_2_available
        transformers.models.vit.modeling_vit ViTEncoder ViTSelfAttention
        transformers.utils.backbone_utils get_aligned_output_features_output_indices load_backbone
        transformers.utils.backbone_utils verify_backbone_config_arguments""",
    "yyny": """
        transformers.cache_utils SlidingWindowCache""",
    "ynyy": """
        transformers.activations PytorchGELUTanh""",
    "nyyn": """
        transformers.pytorch_utils isin_mps_friendly
        transformers.utils.generic OutputRecorder""",
    "nyyy": """
        transformers AutoModelForImageTextToText AutoVideoProcessor
        transformers.cache_utils CacheLayerMixin
        transformers.configuration_utils layer_type_validation
        transformers.image_utils make_flat_list_of_images
        transformers.integrations use_kernel_forward_from_hub
        transformers.loss.loss_utils *
        transformers.masking_utils *
        transformers.modeling_flash_attention_utils FlashAttentionKwargs is_flash_attn_available
        transformers.modeling_layers *
        transformers.modeling_rope_utils dynamic_rope_update
        transformers.modeling_utils ALL_ATTENTION_FUNCTIONS
        transformers.processing_utils Unpack
        transformers.utils TransformersKwargs auto_docstring can_return_tuple
        transformers.utils.generic TransformersKwargs can_return_tuple check_model_inputs
        transformers.utils.import_utils is_flash_linear_attention_available is_torch_greater_or_equal""",
    "nnyy": """
        transformers PreTrainedConfig
        transformers.configuration_utils PreTrainedConfig
        transformers.initialization *
        transformers.modeling_rope_utils RopeParameters
        transformers.tokenization_python *
        transformers.utils.generic maybe_autocast""",
    "nnny": """
        transformers.backbone_utils *
        transformers.image_processing_backends *
        transformers.utils.generic merge_with_config_defaults""",
    "nnnn": """
        transformers Conversation ConversationalPipeline EvaluationStrategy OnnxConfig top_k_top_p_filtering
        transformers.generation_utils *
        transformers.image_utils make_batched_images
        transformers.models.llama.modeling_llama _expand_mask _make_causal_mask
        transformers.utils LossKwargs""",
}


def _parse() -> dict[tuple[str, str], str]:
    lines = ((letters, line.split()) for letters, text in _TABLE.items() for line in text.strip().splitlines())
    return {(words[0], name): letters for letters, words in lines for name in words[1:]}


_NAMES = _parse()


def lacking(module: str, name: str | None) -> list[str]:
    """The supported versions from which `from module import name` cannot import; empty for a name never measured."""
    letters = _NAMES.get((module, "*")) or _NAMES.get((module, name or ""))
    return [version for version, letter in zip(VERSIONS, letters or "", strict=False) if letter == "n"]
